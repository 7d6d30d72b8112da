-- Reminders: one row for each person, session and moment, planned when the session gets its time and planned again when it
-- moves. A session booked late gets only the reminders that are still ahead, a cancelled one gets none.

create table if not exists public.session_reminders (
    id uuid primary key default gen_random_uuid(),
    session_id uuid not null references public.sessions (id) on delete cascade,
    recipient_id uuid not null references auth.users (id) on delete cascade,
    reminder_time timestamptz not null,
    sent boolean not null default false,
    -- when it was told, or passed over because it came too late
    closed_at timestamptz,
    created_at timestamptz not null default clock_timestamp(),
    constraint session_reminders_once unique (session_id, recipient_id, reminder_time),
    constraint session_reminders_sent_is_closed check (not sent or closed_at is not null)
);
create index if not exists session_reminders_recipient_id on public.session_reminders (recipient_id, reminder_time);
create index if not exists session_reminders_due on public.session_reminders (reminder_time)
    where closed_at is null;

alter table public.session_reminders enable row level security;
revoke all on public.session_reminders from public, anon, authenticated;
grant select on public.session_reminders to authenticated;
grant select, insert, update, delete on public.session_reminders to service_role;

drop policy if exists "People see their reminders" on public.session_reminders;
create policy "People see their reminders" on public.session_reminders
    for select to authenticated
    using (recipient_id = (select auth.uid()));

-- How long before a session a person is reminded: as he chose, else as the operator set it.
create or replace function private.reminder_offsets(person_id uuid) returns setof interval
language sql
stable
security definer
set search_path = ''
as $$
    select distinct ahead from unnest(coalesce(
        (select array(select make_interval(mins => m) from unnest(s.reminder_minutes) as m)
            from public.notification_settings as s
            where s.user_id = person_id and s.reminder_minutes is not null),
        (private.the_settings()).reminder_offsets
    )) as ahead
$$;
revoke execute on function private.reminder_offsets(uuid) from public;

create or replace function private.plan_reminders(session public.sessions, person_id uuid) returns void
language sql
security definer
set search_path = ''
as $$
    delete from public.session_reminders as r
        where r.session_id = session.id and r.recipient_id = person_id and r.closed_at is null;
    insert into public.session_reminders (session_id, recipient_id, reminder_time)
        select session.id, person_id, session.scheduled_time - ahead
            from private.reminder_offsets(person_id) as ahead
            where session.status = 'scheduled'
                and person_id is not null
                and session.scheduled_time - ahead > clock_timestamp()
        on conflict on constraint session_reminders_once do nothing
$$;
revoke execute on function private.plan_reminders(public.sessions, uuid) from public;

create or replace function private.plan_reminders_of_session() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform private.plan_reminders(new, person) from unnest(array[new.mentor_id, new.student_id]) as person;
    return null;
end
$$;
revoke execute on function private.plan_reminders_of_session() from public;

create or replace trigger plan_reminders
    after insert on public.sessions
    for each row execute function private.plan_reminders_of_session();
create or replace trigger replan_reminders
    after update on public.sessions
    for each row
    when ((new.status, new.scheduled_time) is distinct from (old.status, old.scheduled_time))
    execute function private.plan_reminders_of_session();

-- Somebody who changes his mind about reminders changes them for what is planned already.
create or replace function private.plan_reminders_of_person() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
    person uuid := case tg_op when 'DELETE' then old.user_id else new.user_id end;
begin
    perform private.plan_reminders(s, person)
        from public.sessions as s
        where person in (s.mentor_id, s.student_id)
            and s.status = 'scheduled'
            and s.end_time > clock_timestamp();
    return null;
end
$$;
revoke execute on function private.plan_reminders_of_person() from public;

create or replace trigger plan_reminders
    after insert or delete or update of reminder_minutes on public.notification_settings
    for each row execute function private.plan_reminders_of_person();

-- Sessions that were here before.
select private.plan_reminders(s, person)
    from public.sessions as s
    cross join lateral unnest(array[s.mentor_id, s.student_id]) as person
    where s.status = 'scheduled'
        and s.scheduled_time > clock_timestamp()
        and person is not null
        and not exists (select from public.session_reminders as r where r.session_id = s.id and r.recipient_id = person);

-- Turns due reminders into notices; part of timed work. Two callers at once do each one once. When nobody called for a while
-- and several reminders of one session are due together, the nearest one is told; one that comes after the beginning reminds
-- of nothing.
create or replace function private.remind_sessions(clock timestamptz, max_items integer) returns integer
language plpgsql
security definer
set search_path = ''
as $$
declare
    due record;
    done integer := 0;
begin
    for due in
        select r.id, r.recipient_id, r.reminder_time, s as session,
                s.status = 'scheduled' and s.scheduled_time > clock and not exists (
                    select from public.session_reminders as nearer
                        where nearer.session_id = r.session_id
                            and nearer.recipient_id = r.recipient_id
                            and nearer.reminder_time > r.reminder_time
                            and nearer.reminder_time <= clock
                ) as worth_telling
            from public.session_reminders as r
            join public.sessions as s on s.id = r.session_id
            where r.closed_at is null and r.reminder_time <= clock
            order by r.reminder_time, r.id
            limit max_items
            for update of r skip locked
    loop
        if due.worth_telling then
            perform private.notify(
                due.recipient_id, 'session_reminder', (due.session).request_id, (due.session).id,
                private.session_payload(due.session) || jsonb_build_object(
                    'starts_in_minutes', round(extract(epoch from (due.session).scheduled_time - due.reminder_time) / 60)
                ),
                due.reminder_time::text
            );
            done := done + 1;
        end if;
        update public.session_reminders as r
            set sent = due.worth_telling, closed_at = clock_timestamp()
            where r.id = due.id;
    end loop;
    return done;
end
$$;
revoke execute on function private.remind_sessions(timestamptz, integer) from public;

insert into private.schema_parts (version, subject)
    values ('20261123100700', 'session_reminders')
    on conflict (version) do nothing;
