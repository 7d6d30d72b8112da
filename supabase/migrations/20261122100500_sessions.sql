-- An hour that two people have agreed on. Made by approving a request; a project may hold sessions of its own from before,
-- so columns are added one by one and old rows keep what they have.

create table if not exists public.sessions (
    id uuid primary key default gen_random_uuid()
);
alter table public.sessions
    add column if not exists request_id uuid,
    add column if not exists mentor_id uuid,
    add column if not exists student_id uuid,
    add column if not exists subject_id uuid,
    add column if not exists title text,
    add column if not exists description text,
    add column if not exists scheduled_time timestamptz,
    add column if not exists duration integer,
    add column if not exists end_time timestamptz,
    add column if not exists status text not null default 'scheduled',
    add column if not exists video_room_id text,
    add column if not exists mentor_approved boolean not null default false,
    add column if not exists mentor_response_at timestamptz,
    add column if not exists created_by uuid,
    add column if not exists cancelled_by uuid,
    add column if not exists cancel_reason text,
    add column if not exists no_show text,
    add column if not exists mentor_joined_at timestamptz,
    add column if not exists student_joined_at timestamptz,
    add column if not exists rating_closes_at timestamptz,
    -- minutes kept free around the session for its mentor, as they were when it was booked
    add column if not exists buffer_before integer not null default 0,
    add column if not exists buffer_after integer not null default 0,
    add column if not exists pre_session_notes text,
    add column if not exists post_session_notes text,
    add column if not exists created_at timestamptz not null default now(),
    add column if not exists updated_at timestamptz not null default now();
-- set apart, because adding a column with a volatile default writes every row anew
alter table public.sessions alter column updated_at set default clock_timestamp();

select private.require_type('public.sessions', name, 'timestamptz')
    from unnest(array['scheduled_time', 'end_time', 'mentor_response_at', 'created_at', 'updated_at']) as name;
select private.require_type('public.sessions', 'duration', 'integer');
select private.require_type('public.sessions', 'status', 'text');
update public.sessions set mentor_approved = false where mentor_approved is null;

update public.profiles as p
    set is_mentor = true
    where not is_mentor
        and exists (select from public.sessions as s where s.mentor_id = p.id)
        and not exists (select from private.schema_parts where version = '20261122100500');
update public.sessions
    set end_time = scheduled_time + make_interval(mins => duration)
    where end_time is null and scheduled_time is not null and duration is not null;

select private.require_columns(
    'public.sessions', 'mentor_id', 'student_id', 'title', 'scheduled_time', 'duration', 'end_time', 'status', 'created_at'
);
select private.add_check('public.sessions', 'sessions_known_status', $$status in (
    'scheduled',  -- agreed on
    'ongoing',    -- scheduled -> ongoing: its time has come
    'completed',  -- ongoing -> completed
    'cancelled'   -- scheduled | ongoing -> cancelled
)$$,
    'request_id is not null');
select private.add_check('public.sessions', 'sessions_two_people', 'student_id <> mentor_id',
    'request_id is not null');
select private.add_check('public.sessions', 'sessions_title_visible',
    'private.has_visible_text(title) and char_length(title) <= 200',
    'request_id is not null');
select private.add_check('public.sessions', 'sessions_description_bounded', 'char_length(description) <= 2000',
    'request_id is not null');
select private.add_check('public.sessions', 'sessions_length_sane', 'duration between 1 and 1440',
    'request_id is not null');
select private.add_check('public.sessions', 'sessions_end_follows',
    'extract(epoch from end_time - scheduled_time) = duration * 60',
    'request_id is not null');
select private.add_check('public.sessions', 'sessions_buffers_sane',
    'buffer_before between 0 and 1440 and buffer_after between 0 and 1440',
    'request_id is not null');
select private.add_check('public.sessions', 'sessions_room_pattern', $$video_room_id ~ '^room-[a-z0-9]{8}$'$$,
    'request_id is not null');
select private.add_check('public.sessions', 'sessions_room_when_approved',
    'request_id is null or (video_room_id is not null and mentor_approved)');
select private.add_check('public.sessions', 'sessions_cancel_reason_visible',
    $$cancel_reason is null or (status = 'cancelled' and private.has_visible_text(cancel_reason)
        and char_length(cancel_reason) <= 1000)$$,
    'request_id is not null');
select private.add_check('public.sessions', 'sessions_no_show_side', $$no_show in ('mentor', 'student', 'both')$$,
    'request_id is not null');
select private.add_check('public.sessions', 'sessions_notes_bounded',
    'char_length(pre_session_notes) <= 10000 and char_length(post_session_notes) <= 10000',
    'request_id is not null');

-- Foreign keys by name; where old rows point nowhere the key holds for new rows only.
do $$
declare
    link record;
begin
    for link in
        select * from (values
            ('sessions_request', 'request_id', 'public.session_requests', 'cascade'),
            ('sessions_mentor', 'mentor_id', 'auth.users', 'cascade'),
            ('sessions_student', 'student_id', 'auth.users', 'cascade'),
            ('sessions_mentor_profile', 'mentor_id', 'public.profiles', 'cascade'),
            ('sessions_student_profile', 'student_id', 'public.profiles', 'cascade'),
            ('sessions_subject', 'subject_id', 'public.subjects', 'no action')
        ) as links (name, source, target, when_deleted)
    loop
        if exists (
            select from pg_constraint as c
                join pg_attribute as a on a.attrelid = c.conrelid and c.conkey = array[a.attnum]
                where c.contype = 'f'
                    and c.conrelid = 'public.sessions'::regclass
                    and c.confrelid = link.target::regclass
                    and a.attname = link.source
        ) then
            continue;
        end if;
        begin
            execute format(
                'alter table public.sessions add constraint %I foreign key (%I) references %s (id) on delete %s',
                link.name, link.source, link.target, link.when_deleted
            );
        exception
            when foreign_key_violation then
                execute format(
                    'alter table public.sessions add constraint %I foreign key (%I) references %s (id) on delete %s not valid',
                    link.name, link.source, link.target, link.when_deleted
                );
                raise warning 'mentorkit: sessions.% of old rows points at nothing in %; they are kept', link.source, link.target;
        end;
    end loop;
end
$$;

create unique index if not exists sessions_request_id on public.sessions (request_id);
create unique index if not exists sessions_video_room_id on public.sessions (video_room_id)
    where video_room_id is not null;
create index if not exists sessions_subject_id on public.sessions (subject_id);
create index if not exists sessions_mentor_updated on public.sessions (mentor_id, updated_at);
create index if not exists sessions_student_updated on public.sessions (student_id, updated_at);
-- history, newest first
create index if not exists sessions_mentor_time on public.sessions (mentor_id, scheduled_time desc);
create index if not exists sessions_student_time on public.sessions (student_id, scheduled_time desc);
-- what is shown as upcoming, and what timed work looks for
create index if not exists sessions_mentor_upcoming on public.sessions (mentor_id, end_time)
    where status in ('scheduled', 'ongoing');
create index if not exists sessions_student_upcoming on public.sessions (student_id, end_time)
    where status in ('scheduled', 'ongoing');
create index if not exists sessions_due_to_start on public.sessions (scheduled_time)
    where status = 'scheduled';
-- (not of scheduled ones too: a list of upcoming sessions would be read from it, everybody's to find one's own)
create index if not exists sessions_due_to_end on public.sessions (end_time)
    where status = 'ongoing';
create index if not exists sessions_without_rating_window on public.sessions (end_time)
    where status = 'completed' and rating_closes_at is null and request_id is not null;

create or replace trigger touch
    before update on public.sessions
    for each row execute function private.touch();

alter table public.sessions enable row level security;
select private.take_over(
    'public.sessions',
    'id', 'request_id', 'mentor_id', 'student_id', 'subject_id', 'title', 'description', 'scheduled_time', 'duration', 'end_time',
    'status', 'video_room_id', 'mentor_approved', 'mentor_response_at', 'created_by', 'cancelled_by', 'cancel_reason', 'no_show',
    'mentor_joined_at', 'student_joined_at', 'rating_closes_at', 'buffer_before', 'buffer_after', 'pre_session_notes',
    'post_session_notes', 'created_at', 'updated_at'
)
    where not exists (select from private.schema_parts where version = '20261122100500');
grant select on public.sessions to authenticated;
grant update (status, cancel_reason) on public.sessions to authenticated;
grant select, insert, update, delete on public.sessions to service_role;

drop policy if exists "Participants see their sessions" on public.sessions;
create policy "Participants see their sessions" on public.sessions
    for select to authenticated
    using ((select auth.uid()) in (mentor_id, student_id));
drop policy if exists "Creators update their sessions" on public.sessions;
create policy "Creators update their sessions" on public.sessions
    for update to authenticated
    using ((select auth.uid()) = created_by)
    with check ((select auth.uid()) = created_by);

insert into private.schema_parts (version, subject)
    values ('20261122100500', 'sessions')
    on conflict (version) do nothing;
