-- What happened to a request and to its session, by whom and when. Rows are added by triggers and never changed.

create table if not exists public.session_events (
    id bigint generated always as identity primary key,
    request_id uuid references public.session_requests (id) on delete cascade,
    session_id uuid references public.sessions (id) on delete cascade,
    -- no foreign key: what somebody did stays true when the account is gone
    actor_id uuid,
    kind text not null,
    detail jsonb not null default '{}',
    created_at timestamptz not null default clock_timestamp(),
    constraint session_events_about_something check (num_nonnulls(request_id, session_id) > 0)
);
create index if not exists session_events_request_id on public.session_events (request_id, id);
create index if not exists session_events_session_id on public.session_events (session_id, id);

alter table public.session_events enable row level security;
revoke all on public.session_events from public, anon, authenticated, service_role;
grant select on public.session_events to authenticated, service_role;

drop policy if exists "The two people read their history" on public.session_events;
create policy "The two people read their history" on public.session_events
    for select to authenticated
    using (
        exists (
            select from public.session_requests as r
                where r.id = session_events.request_id and (select auth.uid()) in (r.student_id, r.mentor_id)
        )
        or exists (
            select from public.sessions as s
                where s.id = session_events.session_id and (select auth.uid()) in (s.student_id, s.mentor_id)
        )
    );

-- Even the owner adds only. A row goes when what it is about goes (a person's account is deleted), and only then.
create or replace function private.refuse_rewriting_history() returns trigger
language plpgsql
set search_path = ''
as $$
begin
    if tg_op = 'DELETE'
        and (old.request_id is null or not exists (select from public.session_requests as r where r.id = old.request_id))
        and (old.session_id is null or not exists (select from public.sessions as s where s.id = old.session_id))
    then
        return old;
    end if;
    perform private.fail(403, 'history_is_final', 'The history of a session is only ever added to.');
    return null;
end
$$;
revoke execute on function private.refuse_rewriting_history() from public;

create or replace trigger refuse_rewriting_history
    before update or delete on public.session_events
    for each row execute function private.refuse_rewriting_history();
create or replace trigger refuse_emptying_history
    before truncate on public.session_events
    for each statement execute function private.refuse_rewriting_history();

create or replace function private.log_event(
    request_id uuid,
    session_id uuid,
    kind text,
    detail jsonb default '{}'
) returns void
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
begin
    insert into public.session_events (request_id, session_id, actor_id, kind, detail)
        values (log_event.request_id, log_event.session_id, auth.uid(), log_event.kind, log_event.detail);
end
$$;
revoke execute on function private.log_event(uuid, uuid, text, jsonb) from public;

insert into private.schema_parts (version, subject)
    values ('20261122101000', 'history')
    on conflict (version) do nothing;
