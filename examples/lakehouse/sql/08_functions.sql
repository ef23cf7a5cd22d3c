-- What can be called.
set role lakehouse_owner;

create or replace function api.glucose_statistics(period_days int default 30) returns json
language plpgsql stable parallel safe set search_path = ''
as $$
begin
    if period_days between 1 and 365 then
        return (
            select json_build_object(
                'period_days', period_days,
                'avg_glucose_mg_dl', round(avg(r.avg_glucose_mg_dl)::numeric, 1),
                'min_glucose_mg_dl', min(r.min_glucose_mg_dl),
                'max_glucose_mg_dl', max(r.max_glucose_mg_dl),
                'avg_time_in_range_pct', round(avg(r.time_in_range_pct)::numeric, 1),
                'avg_estimated_a1c_pct', round(avg(r.estimated_a1c_pct)::numeric, 2),
                'readings_count', coalesce(sum(r.reading_count), 0)
            )
            from api.glucose_readings r
            where r.reading_date >= (now() at time zone 'utc')::date - period_days
        );
    end if;
    -- A null gets here as well.
    raise exception using
        errcode = 'invalid_parameter_value',
        message = format('period_days must be from 1 to 365, not %s', coalesce(period_days::text, 'null'));
end
$$;
comment on function api.glucose_statistics(int) is
'Statistics over the last days
Means of the daily values, the lowest and the highest reading, and how many readings there were, from period_days (1 to 365) days ago up to today (UTC).';

create or replace function api.user_info() returns json
language plpgsql stable set search_path = ''
as $$
declare
    -- A token of the earlier service has the name in sub, and no username.
    claims json := nullif(current_setting('request.jwt.claims', true), '');
    username text := coalesce(claims ->> 'username', claims ->> 'sub');
begin
    if username is null then
        raise sqlstate 'PT401' using
            message = 'Not authenticated',
            hint = 'Send a token that names a user.';
    end if;
    return json_build_object(
        'user_id', claims ->> 'user_id',
        'username', username,
        'email', claims ->> 'email',
        'role', claims ->> 'role'
    );
end
$$;
comment on function api.user_info() is
'The signed-in user
As the token says: user_id, username, email and role.';

create or replace function api.user_me() returns json
language sql stable
return api.user_info();
comment on function api.user_me() is 'The signed-in user: another name for user_info';

create or replace view api.user_me with (security_invoker = true) as
select u.user_id, u.username, u.email, u.role
from json_to_record(api.user_info()) as u (user_id text, username text, email text, role text);
comment on view api.user_me is 'The signed-in user, as a row';
comment on column api.user_me.user_id is 'Identifies the user';
comment on column api.user_me.username is 'The name to sign in with';
comment on column api.user_me.email is 'Where to reach the user';
comment on column api.user_me.role is 'What the user may do: authenticated, analyst or admin';

create or replace function api.health() returns json
language sql stable parallel safe
return json_build_object('status', 'healthy', 'service', 'phlo-api');
comment on function api.health() is
'Whether the service answers
Needs no token. An answer means that the database answered too.';

reset role;
