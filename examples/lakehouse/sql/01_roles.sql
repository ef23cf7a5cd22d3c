-- Who there is. Roles belong to the whole cluster, so every part of this can be run again, in
-- another database too.
--
--   lakehouse_owner   owns every object; nobody logs in as it
--   authenticator     what the service logs in as; has no rights but to become one of the others
--   anon              a request without a token
--   authenticated     what every signed-in user may do
--   analyst, admin    what some may do beyond that
--
-- The password of authenticator is taken from the setting phlo.authenticator_password, so that it
-- stands in no file. Without it an existing password stays, and a new role has none.
do $$
declare
    name text;
    password text := nullif(current_setting('phlo.authenticator_password', true), '');
begin
    begin
        -- Changing a role in two sessions at once is an error, and this lock is for the cluster.
        lock table pg_catalog.pg_authid in share row exclusive mode;
    exception when insufficient_privilege then
        null;
    end;

    foreach name in array '{lakehouse_owner,anon,authenticated,analyst,admin}'::text[] loop
        if not exists (select from pg_catalog.pg_roles where rolname = name) then
            execute format('create role %I nologin', name);
        end if;
    end loop;
    if not exists (select from pg_catalog.pg_roles where rolname = 'authenticator') then
        create role authenticator login noinherit;
    end if;
    if password is not null then
        execute format('alter role authenticator password %L', password);
    end if;

    -- Before PostgreSQL 16 NOINHERIT belongs to the role, since then to the grant, which takes it
    -- from the role.
    grant authenticated to analyst, admin;
    grant anon, authenticated, analyst, admin to authenticator;
    if not pg_has_role(current_user, 'lakehouse_owner', 'member') then
        execute format('grant lakehouse_owner to %I', current_user);
    end if;

    -- The service applies the settings of a role to the requests that run as it; those of
    -- authenticator hold for its connections as they are.
    foreach name in array '{authenticator,anon,authenticated,analyst,admin}'::text[] loop
        execute format('alter role %I set statement_timeout = ''30s''', name);
    end loop;
    alter role authenticator set idle_in_transaction_session_timeout = '60s';

    comment on role lakehouse_owner is 'Owns the objects of the lakehouse sample';
    comment on role authenticator is 'What the service logs in as; becomes the role of each request';
    comment on role anon is 'Requests without a token';
    comment on role authenticated is 'Every signed-in user';
    comment on role analyst is 'Reads all days';
    comment on role admin is 'Reads all days and everybody''s annotations';
end
$$;
