"""`plan`, `deploy`, `rollback` and `releases`: one service's release, and the history."""
