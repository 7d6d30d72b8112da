-- Broadcast from the database, for projects with more watchers than postgres_changes carries (some thousands). Off until
-- `update private.settings set broadcast_changes = true`. What is sent is a hint, on a private channel of the person it
-- concerns: which table, which row. The row itself is read under its own policies.

alter table private.settings
    add column if not exists broadcast_changes boolean not null default false;

create or replace function private.broadcast_hint() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
    concerned uuid[];
    person uuid;
begin
    if not exists (select from private.settings as s where s.broadcast_changes) then
        return null;
    end if;
    concerned := case tg_table_name
        when 'notifications' then array[(to_jsonb(new) ->> 'recipient_id')::uuid]
        else array[(to_jsonb(new) ->> 'mentor_id')::uuid, (to_jsonb(new) ->> 'student_id')::uuid]
    end;
    foreach person in array concerned loop
        perform realtime.send(
            jsonb_build_object('table', tg_table_name, 'operation', tg_op, 'row', to_jsonb(new) ->> 'id'),
            tg_op,
            tg_table_name || ':' || person,
            true
        );
    end loop;
    return null;
end
$$;
revoke execute on function private.broadcast_hint() from public;

do $$
declare
    watched text;
begin
    foreach watched in array array['session_requests', 'sessions', 'notifications'] loop
        execute format(
            'create or replace trigger broadcast_hint after insert or update on public.%I
                for each row execute function private.broadcast_hint()',
            watched
        );
    end loop;
end
$$;

drop policy if exists "People hear what concerns them" on realtime.messages;
create policy "People hear what concerns them" on realtime.messages
    for select to authenticated
    using (
        extension = 'broadcast'
        and (select realtime.topic()) in (
            'session_requests:' || (select auth.uid()),
            'sessions:' || (select auth.uid()),
            'notifications:' || (select auth.uid())
        )
    );

insert into private.schema_parts (version, subject)
    values ('20261125000000', 'broadcast')
    on conflict (version) do nothing;

notify pgrst, 'reload schema';
