-- What can not be upgraded without guessing.
create table public.subjects (id bigint primary key, name text);
create table public.sessions (id bigserial primary key, scheduled_time text, duration interval, mentor_id bigint);
create table public.notifications (id bigserial primary key, message text);
insert into public.subjects values (1, 'Python');
