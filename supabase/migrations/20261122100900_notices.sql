-- What a person must know, as rows: a client that was away reads what it missed. Written by the database only; mail and
-- web push go out from the same rows.

create table if not exists public.notifications (
    id uuid primary key default gen_random_uuid(),
    recipient_id uuid not null references auth.users (id) on delete cascade,
    kind text not null constraint notifications_kind_named check (kind ~ '^[a-z]+(_[a-z]+)*$'),
    request_id uuid references public.session_requests (id) on delete cascade,
    session_id uuid references public.sessions (id) on delete cascade,
    payload jsonb not null default '{}',
    -- what this notice is about: the same thing is told to the same person once
    about text not null,
    created_at timestamptz not null default clock_timestamp(),
    updated_at timestamptz not null default clock_timestamp(),
    read_at timestamptz,
    constraint notifications_told_once unique (recipient_id, kind, about)
);
create index if not exists notifications_request_id on public.notifications (request_id);
create index if not exists notifications_session_id on public.notifications (session_id);
create index if not exists notifications_recipient_updated on public.notifications (recipient_id, updated_at);
create index if not exists notifications_recipient_unread on public.notifications (recipient_id, created_at desc)
    where read_at is null;

-- Reading is once: the first time counts, by the database's clock.
create or replace function private.check_notice() returns trigger
language plpgsql
set search_path = ''
as $$
begin
    new.read_at := case
        when old.read_at is not null then old.read_at
        when new.read_at is not null then clock_timestamp()
    end;
    return new;
end
$$;
revoke execute on function private.check_notice() from public;

create or replace trigger check_notice
    before update on public.notifications
    for each row execute function private.check_notice();
create or replace trigger touch
    before update on public.notifications
    for each row execute function private.touch();

alter table public.notifications enable row level security;
revoke all on public.notifications from public, anon, authenticated;
grant select on public.notifications to authenticated;
grant update (read_at) on public.notifications to authenticated;
grant select, insert, update, delete on public.notifications to service_role;

drop policy if exists "Recipients read their notices" on public.notifications;
create policy "Recipients read their notices" on public.notifications
    for select to authenticated
    using (recipient_id = (select auth.uid()));
drop policy if exists "Recipients mark their notices" on public.notifications;
create policy "Recipients mark their notices" on public.notifications
    for update to authenticated
    using (recipient_id = (select auth.uid()))
    with check (recipient_id = (select auth.uid()));

-- (Functions that every approval calls are plpgsql rather than sql: their plans are kept for the connection.)
--
-- Tells one person one thing. `about` tells apart what may happen to the same request or session more than once (a second
-- reminder, a second move); without it the thing itself is meant, and telling it again does nothing.
create or replace function private.notify(
    recipient_id uuid,
    kind text,
    request_id uuid,
    session_id uuid,
    payload jsonb default '{}',
    about text default null
) returns void
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
begin
    insert into public.notifications (recipient_id, kind, request_id, session_id, payload, about)
        select notify.recipient_id, notify.kind, notify.request_id, notify.session_id, notify.payload,
                coalesce(notify.session_id, notify.request_id)::text || coalesce(' ' || notify.about, '')
            where notify.recipient_id is not null
        on conflict on constraint notifications_told_once do nothing;
end
$$;
revoke execute on function private.notify(uuid, text, uuid, uuid, jsonb, text) from public;

-- What a notice about a request carries, so that a popup or a mail needs no second read.
create or replace function private.request_payload(request public.session_requests) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
    return (select jsonb_build_object(
        'title', request.title,
        'description', request.description,
        'requested_time', request.requested_time,
        'duration', request.duration,
        'student', jsonb_build_object('id', student.id, 'name', student.name, 'rating', student.rating),
        'mentor', jsonb_build_object('id', mentor.id, 'name', mentor.name, 'rating', mentor.rating),
        'subject', jsonb_build_object('id', subject.id, 'name', subject.name)
    )
        from (select) as always
        left join public.profiles as student on student.id = request.student_id
        left join public.profiles as mentor on mentor.id = request.mentor_id
        left join public.subjects as subject on subject.id = request.subject_id);
end
$$;
revoke execute on function private.request_payload(public.session_requests) from public;

create or replace function private.session_payload(session public.sessions) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
    return (select jsonb_build_object(
        'title', session.title,
        'scheduled_time', session.scheduled_time,
        'duration', session.duration,
        'video_room_id', session.video_room_id,
        'student', jsonb_build_object('id', student.id, 'name', student.name),
        'mentor', jsonb_build_object('id', mentor.id, 'name', mentor.name)
    )
        from (select) as always
        left join public.profiles as student on student.id = session.student_id
        left join public.profiles as mentor on mentor.id = session.mentor_id);
end
$$;
revoke execute on function private.session_payload(public.sessions) from public;

insert into private.schema_parts (version, subject)
    values ('20261122100900', 'notices')
    on conflict (version) do nothing;
