-- In the service's database: prints the extensions that are not there yet and that its owner could not create.
SELECT extension.name FROM jsonb_array_elements_text(:'extensions'::jsonb) AS extension (name)
  JOIN pg_available_extensions AS available ON available.name = extension.name
  JOIN pg_available_extension_versions AS version
    ON version.name = extension.name AND version.version = available.default_version
  WHERE version.superuser AND NOT version.trusted AND available.installed_version IS NULL;
