-- In the scratch cluster: lets the role for backups check tables and indexes. `role`: its name.
CREATE SCHEMA IF NOT EXISTS sertantai_amcheck;
DROP EXTENSION IF EXISTS amcheck;
CREATE EXTENSION amcheck SCHEMA sertantai_amcheck;
GRANT USAGE ON SCHEMA sertantai_amcheck TO :"role";
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA sertantai_amcheck TO :"role";
