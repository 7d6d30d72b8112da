-- What clients watch. Row level security decides who gets which row.

do $$
declare
    watched text;
begin
    if not exists (select from pg_publication where pubname = 'supabase_realtime') then
        create publication supabase_realtime;
    end if;
    foreach watched in array array['session_requests', 'sessions', 'notifications'] loop
        if not exists (
            select from pg_publication_tables
                where pubname = 'supabase_realtime' and schemaname = 'public' and tablename = watched
        ) then
            execute format('alter publication supabase_realtime add table public.%I', watched);
        end if;
    end loop;
end
$$;

insert into private.schema_parts (version, subject)
    values ('20261122101900', 'realtime')
    on conflict (version) do nothing;

notify pgrst, 'reload schema';
