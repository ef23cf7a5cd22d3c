-- Where things are. The service exposes `api` alone.
create schema if not exists auth authorization lakehouse_owner;
create schema if not exists marts authorization lakehouse_owner;
create schema if not exists api authorization lakehouse_owner;

comment on schema auth is 'Users and their passwords; never exposed';
comment on schema marts is 'Tables that the data platform publishes; read through the views in api';
comment on schema api is
'Phlo Lakehouse API
Glucose readings of one sensor, as the data platform publishes them, and notes that users make on them.
Sign in to get a token; what you see depends on your role.';

-- Functions are executable by everyone unless this is said before they are made.
alter default privileges for role lakehouse_owner revoke execute on functions from public;
