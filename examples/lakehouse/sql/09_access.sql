-- Who may do what: every grant and every policy, on one page. Nothing before this file gives a
-- client anything.
--
--                            anon    authenticated   analyst   admin
--   health()                 yes     yes             yes       yes
--   user_info(), user_me     -       yes             yes       yes
--   glucose_hourly_patterns  -       all             all       all
--   glucose_readings         -       90 days         all       all
--   glucose_daily_summary    -       90 days         all       all
--   glucose_statistics()     -       -               yes       yes
--   annotations              -       own             own       all
set role lakehouse_owner;

-- For what was made before the default privileges were set.
revoke execute on all functions in schema auth, marts, api from public;
revoke execute on all procedures in schema auth, marts, api from public;

-- What can be named. Clients can name nothing in auth and marts. Views and policies get there all
-- the same, since their names were looked up when they were made.
grant usage on schema api to anon, authenticated;
grant usage on schema auth to authenticator;

grant execute on function api.health() to anon, authenticated;
grant execute on function api.user_info(), api.user_me(), auth.claim(text) to authenticated;
grant execute on function api.glucose_statistics(int) to analyst, admin;

grant select on api.glucose_readings, api.glucose_daily_summary, api.glucose_hourly_patterns,
    api.user_me to authenticated;
grant select on marts.mrt_glucose_overview, marts.mrt_glucose_hourly_patterns, marts.days
    to authenticated;

-- The author and the times are not for clients to choose.
grant select, delete, insert (reading_date, body), update (reading_date, body)
    on api.annotations to authenticated;

-- Signing in happens before a request takes on a role. A client can't become authenticator: the
-- service refuses tokens with that role, and exposes no schema in which it has rights.
grant execute on function auth.login_lookup(text), auth.login_upgrade(text, text, text),
    auth.login_succeeded(text), auth.login_failed(text) to authenticator;

-- Which rows are seen. Policies for authenticated hold for analyst and admin as well, which are
-- members of it; a row is seen if one of the policies lets it be seen.

alter table marts.mrt_glucose_overview enable row level security;
drop policy if exists last_90_days on marts.mrt_glucose_overview;
-- By UTC, because a client may choose the time zone of its request.
create policy last_90_days on marts.mrt_glucose_overview for select to authenticated
    using (reading_date > (now() at time zone 'utc')::date - 90);
drop policy if exists everything on marts.mrt_glucose_overview;
create policy everything on marts.mrt_glucose_overview for select to analyst, admin
    using (true);

alter table marts.mrt_glucose_hourly_patterns enable row level security;
drop policy if exists everything on marts.mrt_glucose_hourly_patterns;
create policy everything on marts.mrt_glucose_hourly_patterns for select to authenticated
    using (true);

alter table marts.days enable row level security;
drop policy if exists everything on marts.days;
create policy everything on marts.days for select to authenticated
    using (true);

alter table api.annotations enable row level security;
drop policy if exists own on api.annotations;
-- In a subquery, so that it is evaluated once and not for each row.
create policy own on api.annotations to authenticated
    using (author = (select auth.claim('user_id')))
    with check (author = (select auth.claim('user_id')));
drop policy if exists everything on api.annotations;
create policy everything on api.annotations to admin
    using (true)
    with check (true);

-- No client has rights on users at all. Should one be given some by mistake, it still sees none,
-- whatever other policies there are.
alter table auth.users enable row level security;
drop policy if exists no_clients on auth.users;
create policy no_clients on auth.users as restrictive to anon, authenticated
    using (false);

reset role;

-- Services that listen read the schema again.
notify pgrst, 'reload schema';
