#!/bin/sh
# Run once by the postgres image, on an empty volume: for each service a database that its own role owns.
set -eu

for name in membership events notifications reporting portal keycloak; do
    variable="$(echo "$name" | tr '[:lower:]' '[:upper:]')_DATABASE_PASSWORD"
    psql --quiet --username postgres --dbname postgres --no-psqlrc \
        --set ON_ERROR_STOP=1 --set name="$name" --set variable="$variable" <<'SQL'
\getenv password :variable
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name";
REVOKE CONNECT ON DATABASE :"name" FROM PUBLIC;
SQL
done
