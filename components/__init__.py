"""What exists: one component resource a file. Each is short and linear, and none asks which kind of host it is on."""
