-- A student asks a mentor for an hour. Who may do what is in the policies and column grants below; what may follow
-- what is in the state machine (request states); when two of them collide is in bookings.

create table if not exists public.session_requests (
    id uuid primary key default gen_random_uuid(),
    student_id uuid not null default auth.uid() references auth.users (id) on delete cascade,
    mentor_id uuid not null references auth.users (id) on delete cascade,
    subject_id uuid not null references public.subjects (id),
    title text not null,
    description text,
    requested_time timestamptz not null,
    duration integer not null,
    end_time timestamptz not null,
    status text not null default 'pending',
    expires_at timestamptz not null,
    video_room_id text,
    rejection_reason text,
    rejection_code text,
    idempotency_key text,
    -- one occurrence of a series, by its place in it, from 1
    series_id uuid,
    series_index integer,
    created_at timestamptz not null default now(),
    responded_at timestamptz,
    updated_at timestamptz not null default clock_timestamp(),

    constraint session_requests_known_status
        check (status in (
            'pending',   -- waits for the mentor
            'approved',  -- pending -> approved: has a room and a session
            'rejected',  -- pending -> rejected: by the mentor, or because the time was given to somebody else
            'expired',   -- pending -> expired: nobody answered in time
            'cancelled'  -- pending -> cancelled: withdrawn by the student
        )),
    constraint session_requests_two_people check (student_id <> mentor_id),
    constraint session_requests_title_visible
        check (private.has_visible_text(title) and char_length(title) <= 200),
    constraint session_requests_description_bounded check (char_length(description) <= 2000),
    constraint session_requests_duration_offered check (duration in (30, 60, 90, 120)),
    constraint session_requests_time_on_minute check (extract(second from requested_time at time zone 'UTC') = 0),
    -- stored, because adding an interval to a timestamptz is not immutable and so cannot be generated or indexed
    constraint session_requests_end_follows
        check (extract(epoch from end_time - requested_time) = duration * 60),
    constraint session_requests_expires_by_its_time check (expires_at <= requested_time),
    -- a rejection says why, in something a person can read, and nothing else has a reason
    constraint session_requests_reason_given
        check ((status = 'rejected') = (rejection_reason is not null)
            and (rejection_reason is null or private.has_visible_text(rejection_reason))),
    constraint session_requests_reason_bounded check (char_length(rejection_reason) <= 1000),
    constraint session_requests_rejection_code_known
        check ((status = 'rejected') = (rejection_code is not null)
            and (rejection_code is null or rejection_code in ('mentor', 'slot_taken'))),
    constraint session_requests_room_when_approved
        check ((status = 'approved') = (video_room_id is not null)
            and (video_room_id is null or video_room_id ~ '^room-[a-z0-9]{8}$')),
    constraint session_requests_answer_dated check ((status = 'pending') = (responded_at is null)),
    constraint session_requests_place_in_series check (num_nulls(series_id, series_index) in (0, 2)),
    constraint session_requests_key_bounded check (char_length(idempotency_key) between 1 and 200),
    constraint session_requests_key_once unique (student_id, idempotency_key)
);

-- The second pair of foreign keys lets a client embed the people's profiles in one read.
do $$
begin
    if not exists (select from pg_constraint where conname = 'session_requests_student_profile') then
        alter table public.session_requests
            add constraint session_requests_student_profile
            foreign key (student_id) references public.profiles (id) on delete cascade;
    end if;
    if not exists (select from pg_constraint where conname = 'session_requests_mentor_profile') then
        alter table public.session_requests
            add constraint session_requests_mentor_profile
            foreign key (mentor_id) references public.profiles (id) on delete cascade;
    end if;
end
$$;

create unique index if not exists session_requests_video_room_id on public.session_requests (video_room_id)
    where video_room_id is not null;
create index if not exists session_requests_subject_id on public.session_requests (subject_id);
-- lists by person, and catching up after an outage
create index if not exists session_requests_mentor_updated on public.session_requests (mentor_id, updated_at);
create index if not exists session_requests_student_updated on public.session_requests (student_id, updated_at);
-- what is shown and counted: the pending ones
create index if not exists session_requests_mentor_pending on public.session_requests (mentor_id, requested_time)
    where status = 'pending';
create index if not exists session_requests_student_pending on public.session_requests (student_id, mentor_id, requested_time)
    where status = 'pending';
create index if not exists session_requests_due on public.session_requests (expires_at)
    where status = 'pending';

create or replace trigger touch
    before update on public.session_requests
    for each row execute function private.touch();

alter table public.session_requests enable row level security;
revoke all on public.session_requests from public, anon, authenticated;
grant select on public.session_requests to authenticated;
grant insert (student_id, mentor_id, subject_id, title, description, requested_time, duration, status, idempotency_key)
    on public.session_requests to authenticated;
grant update (status, rejection_reason) on public.session_requests to authenticated;
grant select, insert, update, delete on public.session_requests to service_role;

drop policy if exists "Students can create" on public.session_requests;
create policy "Students can create" on public.session_requests
    for insert to authenticated
    with check ((select auth.uid()) = student_id);
drop policy if exists "Users see own requests" on public.session_requests;
create policy "Users see own requests" on public.session_requests
    for select to authenticated
    using ((select auth.uid()) in (student_id, mentor_id));
drop policy if exists "Mentors can update" on public.session_requests;
create policy "Mentors can update" on public.session_requests
    for update to authenticated
    using ((select auth.uid()) = mentor_id)
    with check ((select auth.uid()) = mentor_id);

insert into private.schema_parts (version, subject)
    values ('20261122100400', 'session_requests')
    on conflict (version) do nothing;
