-- Removes what pgBackRest has written for the recovery. The platform passes its own settings in PostgreSQL's command.
ALTER SYSTEM RESET archive_mode;
SELECT format('ALTER SYSTEM RESET %I', name) FROM pg_settings
  WHERE name = 'restore_command' OR name LIKE 'recovery_target%' \gexec
