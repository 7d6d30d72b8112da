-- The public side of a person. The row is made on sign-up; addresses and phone numbers stay in auth.users.

create table if not exists public.profiles (
    id uuid primary key references auth.users (id) on delete cascade
);
alter table public.profiles
    add column if not exists name text,
    add column if not exists bio text,
    add column if not exists is_mentor boolean not null default false,
    add column if not exists rating numeric(3, 2),
    add column if not exists rating_count integer not null default 0,
    add column if not exists total_sessions_taught integer not null default 0,
    add column if not exists time_zone text not null default 'UTC',
    add column if not exists created_at timestamptz not null default now(),
    add column if not exists updated_at timestamptz not null default now();
-- set apart, because adding a column with a volatile default writes every row anew
alter table public.profiles alter column updated_at set default clock_timestamp();

select private.require_type('public.profiles', 'created_at', 'timestamptz');
select private.require_type('public.profiles', 'updated_at', 'timestamptz');
select private.require_type('public.profiles', 'total_sessions_taught', 'integer');
alter table public.profiles alter column name set default 'New member';
update public.profiles set total_sessions_taught = 0 where total_sessions_taught is null;
update public.profiles set is_mentor = total_sessions_taught > 0 where is_mentor is null;
select private.fill_from('public.profiles', 'name', 'full_name', 'display_name', 'username');
update public.profiles set name = 'New member' where not private.has_visible_text(name);
-- null until somebody has rated; only a project's own column can have had a default
-- squawk-ignore ban-drop-default
alter table public.profiles alter column rating drop default;

select private.add_check('public.profiles', 'profiles_name_visible', 'private.has_visible_text(name)');
select private.add_check('public.profiles', 'profiles_bio_bounded', 'char_length(bio) <= 2000');
select private.add_check('public.profiles', 'profiles_rating_in_range', 'rating between 0 and 5');
select private.add_check('public.profiles', 'profiles_counts_not_negative', 'rating_count >= 0 and total_sessions_taught >= 0');
select private.add_check('public.profiles', 'profiles_time_zone_bounded', 'char_length(time_zone) between 1 and 64');

-- The mentor list is sorted by rating.
create index if not exists profiles_mentors_by_rating
    on public.profiles (rating desc nulls last, total_sessions_taught desc, id)
    where is_mentor;

-- A zone the database and Python's zoneinfo both know, by its exact name.
create or replace function private.is_time_zone(zone text) returns boolean
language sql
stable
set search_path = ''
as $$
    select zone = 'UTC' or (
        zone ~ '^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$'
        and zone !~ '^(posix|right)/'
        and exists (select from pg_timezone_names as known where known.name = zone)
    )
$$;
revoke execute on function private.is_time_zone(text) from public;

create or replace function private.check_profile() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    if tg_op = 'INSERT' and not private.has_visible_text(new.name) then
        new.name := 'New member';  -- a project's own sign-up code may not know of names
    end if;
    if tg_op = 'INSERT' or new.name is distinct from old.name then
        if not private.has_visible_text(new.name) then
            perform private.fail(400, 'name_required', 'A profile needs a name.');
        end if;
        if char_length(new.name) > 100 then
            perform private.fail(400, 'text_too_long', 'A name has at most 100 characters.');
        end if;
    end if;
    if (tg_op = 'INSERT' or new.bio is distinct from old.bio) and char_length(new.bio) > 2000 then
        perform private.fail(400, 'text_too_long', 'A biography has at most 2000 characters.');
    end if;
    if (tg_op = 'INSERT' or new.time_zone is distinct from old.time_zone) and not private.is_time_zone(new.time_zone) then
        perform private.fail(400, 'unknown_time_zone', 'The time zone must be an IANA name such as Europe/Berlin.');
    end if;
    -- somebody who has taught is a mentor
    if new.total_sessions_taught > 0 and (tg_op = 'INSERT' or old.total_sessions_taught = 0) then
        new.is_mentor := true;
    end if;
    return new;
end
$$;
revoke execute on function private.check_profile() from public;

create or replace trigger check_profile
    before insert or update on public.profiles
    for each row execute function private.check_profile();
create or replace trigger touch
    before update on public.profiles
    for each row execute function private.touch();

-- What a new account says about itself (raw_user_meta_data) is only ever a wish: what does not fit is replaced,
-- because an exception here would make sign-up fail. The address is never used as a name.
create or replace function private.make_profile() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
    wishes jsonb := coalesce(new.raw_user_meta_data, '{}');
    wished_name text := left(btrim(coalesce(wishes ->> 'name', wishes ->> 'full_name', '')), 100);
    wished_zone text := wishes ->> 'time_zone';
begin
    insert into public.profiles (id, name, is_mentor, time_zone)
        values (
            new.id,
            case when private.has_visible_text(wished_name) then wished_name else 'New member' end,
            coalesce(wishes -> 'is_mentor' in ('true'::jsonb, '"true"'::jsonb), false),
            case when private.is_time_zone(wished_zone) then wished_zone else 'UTC' end
        )
        -- the project's own sign-up code has been here
        on conflict (id) do update
            set name = case profiles.name when 'New member' then excluded.name else profiles.name end,
                is_mentor = profiles.is_mentor or excluded.is_mentor,
                time_zone = case profiles.time_zone when 'UTC' then excluded.time_zone else profiles.time_zone end;
    return new;
exception
    -- A project's own profiles table may demand columns we know nothing of. Its own sign-up code makes the row then.
    when not_null_violation or check_violation or unique_violation then
        raise warning 'mentorkit: no profile made for %: %', new.id, sqlerrm;
        return new;
end
$$;
revoke execute on function private.make_profile() from public;

-- Last of its kind by name, so that a project's own sign-up trigger finds no row of ours in its way.
create or replace trigger zz_mentorkit_make_profile
    after insert on auth.users
    for each row execute function private.make_profile();

-- Whoever has taught before this migration is a mentor; later it is the person's own word.
update public.profiles
    set is_mentor = true
    where total_sessions_taught > 0
        and not is_mentor
        and not exists (select from private.schema_parts where version = '20261122100200');

-- People who signed up before this migration.
insert into public.profiles (id, name)
    select u.id, 'New member'
        from auth.users as u
        where not exists (select from public.profiles as p where p.id = u.id)
    on conflict (id) do nothing;

insert into private.schema_parts (version, subject)
    values ('20261122100200', 'profiles')
    on conflict (version) do nothing;
