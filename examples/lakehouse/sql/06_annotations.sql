-- What users note about days. The one table that clients write to.
set role lakehouse_owner;

create table if not exists api.annotations (
    id           bigint generated always as identity primary key,
    reading_date date not null references marts.days,
    author       text not null default auth.claim('user_id')
                 references auth.users on delete cascade,
    body         text not null check (length(body) between 1 and 2000),
    created_at   timestamptz not null default now(),
    updated_at   timestamptz not null default now()
);
create index if not exists annotations_reading_date_idx on api.annotations (reading_date);
create index if not exists annotations_author_idx on api.annotations (author);

comment on table api.annotations is
'Notes on days
Users read and change their own; administrators everybody''s.';
comment on column api.annotations.id is 'Given by the database';
comment on column api.annotations.reading_date is 'The day that it is about';
comment on column api.annotations.author is 'Who made it: the user_id of the token';
comment on column api.annotations.body is 'What was noted: 1 to 2000 characters';
comment on column api.annotations.created_at is 'When it was made';
comment on column api.annotations.updated_at is 'When it was last changed';

create or replace trigger touch before update on api.annotations
for each row execute function auth.touch();

-- One from each user, so that there is something to see.
insert into api.annotations (reading_date, author, body)
select d.reading_date, v.author, v.body
from (values
    (1, 'admin_001', 'Sensor replaced in the evening.'),
    (2, 'analyst_001', 'Unusually high after dinner; compare with the weekday pattern.'),
    (9, 'analyst_001', 'First day of the new treatment.')
) v (age, author, body)
join (select reading_date, row_number() over (order by reading_date desc) as age
      from marts.mrt_glucose_overview) d using (age)
where not exists (select from api.annotations);

reset role;
