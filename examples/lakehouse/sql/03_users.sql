-- Users, and all that signing in needs from the database.
--
-- Passwords are compared by the service, not here: the database never sees one. The secret that
-- tokens are signed with is not in the database either. The functions below hand out hashes, so
-- authenticator alone may call them, before it takes on the role of a request (see 09_access.sql).
set role lakehouse_owner;

create or replace function auth.claim(name text) returns text
language sql stable parallel safe
return nullif(current_setting('request.jwt.claims', true), '')::json ->> name;
comment on function auth.claim(text) is 'A claim of the token that the request came with';

create or replace function auth.touch() returns trigger
language plpgsql set search_path = ''
as $$
begin
    new.updated_at := now();
    return new;
end
$$;
comment on function auth.touch() is 'Keeps updated_at true';

create table if not exists auth.users (
    user_id        text primary key default gen_random_uuid()::text,
    username       text not null unique check (username <> ''),
    email          text not null unique check (email like '_%@_%'),
    -- bcrypt or Argon2, so that a plain password can't be stored by mistake.
    password_hash  text not null check (password_hash ~ '^\$(2[aby]|argon2id)\$'),
    -- Nobody can be given the role of a service here.
    role           text not null default 'authenticated'
                   check (role in ('authenticated', 'analyst', 'admin')),
    active         boolean not null default true,
    created_at     timestamptz not null default now(),
    updated_at     timestamptz not null default now(),
    last_login_at  timestamptz,
    last_failed_at timestamptz,
    failed_logins  integer not null default 0
);
comment on table auth.users is 'Those who can sign in';
comment on column auth.users.user_id is 'Any text; identifiers of earlier systems are kept';
comment on column auth.users.password_hash is 'Hash in PHC or modular crypt format';
comment on column auth.users.role is 'The database role of the user''s requests';
comment on column auth.users.active is 'Whether the user may sign in';
comment on column auth.users.failed_logins is 'Failed attempts since the last success';

create or replace trigger touch before update on auth.users
for each row
when (old.* is distinct from new.* and old.updated_at = new.updated_at)
execute function auth.touch();

create or replace function auth.login_lookup(username text)
returns table (
    user_id text, username text, email text, role text, password_hash text, active boolean
)
language sql stable security definer set search_path = ''
begin atomic
    select u.user_id, u.username, u.email, u.role, u.password_hash, u.active
    from auth.users u
    where u.username = login_lookup.username;
end;
comment on function auth.login_lookup(text) is
    'The user of that name, upper and lower case distinguished; no row if there is none';

create or replace function auth.login_upgrade(user_id text, old_hash text, new_hash text)
returns boolean
language sql volatile security definer set search_path = ''
begin atomic
    with upgraded as (
        update auth.users u set password_hash = new_hash
        where u.user_id = login_upgrade.user_id and u.password_hash = old_hash
        returning 1
    )
    select exists (select from upgraded);
end;
comment on function auth.login_upgrade(text, text, text) is
    'Replaces a hash by a stronger one of the same password, unless it was changed meanwhile';

create or replace function auth.login_succeeded(user_id text) returns void
language sql volatile security definer set search_path = ''
begin atomic
    update auth.users u set last_login_at = now(), failed_logins = 0
    where u.user_id = login_succeeded.user_id;
end;
comment on function auth.login_succeeded(text) is 'Notes that the user has signed in';

create or replace function auth.login_failed(user_id text) returns void
language sql volatile security definer set search_path = ''
begin atomic
    update auth.users u set last_failed_at = now(), failed_logins = u.failed_logins + 1
    where u.user_id = login_failed.user_id;
end;
comment on function auth.login_failed(text) is
    'Notes that somebody has tried to sign in as the user with a wrong password';

-- The users of the service that this one replaces, with their hashes as they were. The passwords
-- are in the README; never load this file where they matter.
insert into auth.users (user_id, username, email, role, active, password_hash) values
    ('admin_001', 'admin', 'admin@phlo.local', 'admin', true,
     '$2b$12$JiSyVKWLZ3DViuAtLk.EJeHgDUjJPjwpnesFzF68RrRrhSLFjwXFO'),
    ('analyst_001', 'analyst', 'analyst@phlo.local', 'analyst', true,
     '$2b$12$iP8HYIYbEe.hGVzfChX9XuQzEDGGxkzH3zM0hQqdAYCvF5w5xoEYW'),
    ('inactive_001', 'inactive_user', 'inactive@phlo.local', 'analyst', false,
     '$2b$12$HhX3.3.QfRCeuUzBB0xXquQUncl/ztMgaFHVCQIq4gbbS0Pu7NQYC')
on conflict (user_id) do nothing;

reset role;
