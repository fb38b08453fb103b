SELECT file_name || ' line ' || line_number || ': ' || error FROM (
    SELECT file_name, line_number, error FROM pg_hba_file_rules
    UNION ALL SELECT file_name, line_number, error FROM pg_ident_file_mappings) AS rules WHERE error IS NOT NULL;
