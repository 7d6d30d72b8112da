-- Reminders of a session: one row for each offset, planned when the session gets its time and planned again when it moves.

create table if not exists public.session_reminders (
    id uuid primary key default gen_random_uuid(),
    session_id uuid not null references public.sessions (id) on delete cascade,
    reminder_time timestamptz not null,
    sent boolean not null default false,
    sent_at timestamptz,
    constraint session_reminders_once unique (session_id, reminder_time),
    constraint session_reminders_sent_dated check (sent = (sent_at is not null))
);
create index if not exists session_reminders_due on public.session_reminders (reminder_time)
    where not sent;

alter table public.session_reminders enable row level security;
revoke all on public.session_reminders from public, anon, authenticated;
grant select on public.session_reminders to authenticated;
grant select, insert, update, delete on public.session_reminders to service_role;

drop policy if exists "The two people see their reminders" on public.session_reminders;
create policy "The two people see their reminders" on public.session_reminders
    for select to authenticated
    using (
        exists (
            select from public.sessions as s
                where s.id = session_reminders.session_id and (select auth.uid()) in (s.mentor_id, s.student_id)
        )
    );

-- Offsets whose moment has passed already (a late booking) are left out.
create or replace function private.plan_reminders(session public.sessions) returns void
language sql
security definer
set search_path = ''
as $$
    insert into public.session_reminders (session_id, reminder_time)
        select session.id, session.scheduled_time - ahead
            from unnest((private.the_settings()).reminder_offsets) as ahead
            where session.scheduled_time - ahead > clock_timestamp()
        on conflict on constraint session_reminders_once do nothing
$$;
revoke execute on function private.plan_reminders(public.sessions) from public;

create or replace function private.replan_reminders() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    delete from public.session_reminders as r where r.session_id = new.id and not r.sent;
    if new.status = 'scheduled' then
        perform private.plan_reminders(new);
    end if;
    return null;
end
$$;
revoke execute on function private.replan_reminders() from public;

create or replace trigger plan_reminders
    after insert on public.sessions
    for each row execute function private.replan_reminders();
create or replace trigger replan_reminders
    after update on public.sessions
    for each row
    when ((new.status, new.scheduled_time) is distinct from (old.status, old.scheduled_time))
    execute function private.replan_reminders();

insert into private.schema_parts (version, subject)
    values ('20261122101700', 'reminders')
    on conflict (version) do nothing;
