-- Looks before anything is touched: what this project holds that the following migrations can not build on. All of it is
-- named in one error, and nothing has been changed then. What they can build on, they do, and every row is kept.

do $$
declare
    problems text[] := '{}';
    found record;
begin
    -- Tables that may be here from before: their keys must be uuid.
    for found in
        select c.relname as table_name, c.relkind, a.attname as column_name, format_type(a.atttypid, a.atttypmod) as type_name
            from pg_class as c
            left join pg_attribute as a
                on a.attrelid = c.oid
                and not a.attisdropped
                and (
                    a.attname = 'id'
                    or (c.relname = 'sessions' and a.attname in ('mentor_id', 'student_id', 'subject_id', 'created_by'))
                )
            where c.relnamespace = 'public'::regnamespace and c.relname in ('subjects', 'profiles', 'sessions')
    loop
        if found.relkind not in ('r', 'p') then
            problems := problems || format('public.%s is not a table', found.table_name);
        elsif found.type_name is distinct from 'uuid' then
            problems := problems || format('public.%s.%s is %s, and must be uuid',
                found.table_name, coalesce(found.column_name, 'id'), coalesce(found.type_name, 'missing'));
        end if;
    end loop;
    for found in
        select c.relname as table_name
            from pg_class as c
            where c.relnamespace = 'public'::regnamespace
                and c.relname in ('subjects', 'profiles', 'sessions')
                and not exists (
                    select from pg_index as i
                        join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
                        where i.indrelid = c.oid and i.indisunique and i.indnkeyatts = 1 and i.indpred is null and a.attname = 'id'
                )
    loop
        problems := problems || format('public.%s.id is not a primary key', found.table_name);
    end loop;

    -- Columns of ours that are here with a type that can not be changed without guessing.
    for found in
        select c.relname as table_name, a.attname as column_name, format_type(a.atttypid, a.atttypmod) as type_name, wanted.kind
            from (values
                ('sessions', 'scheduled_time', 'D', 'a date and time'), ('sessions', 'end_time', 'D', 'a date and time'),
                ('sessions', 'duration', 'N', 'a number of minutes'), ('sessions', 'title', 'S', 'text'),
                ('sessions', 'mentor_approved', 'B', 'boolean'), ('profiles', 'is_mentor', 'B', 'boolean'),
                ('profiles', 'rating', 'N', 'a number'), ('profiles', 'total_sessions_taught', 'N', 'a number'),
                ('profiles', 'name', 'S', 'text'), ('subjects', 'name', 'S', 'text')
            ) as wanted (table_name, column_name, category, kind)
            join pg_class as c on c.relname = wanted.table_name and c.relnamespace = 'public'::regnamespace
            join pg_attribute as a on a.attrelid = c.oid and a.attname = wanted.column_name and not a.attisdropped
            join pg_type as t on t.oid = a.atttypid
            where t.typcategory <> wanted.category
    loop
        problems := problems || format('public.%s.%s is %s, and must be %s', found.table_name, found.column_name, found.type_name, found.kind);
    end loop;

    -- Names that are ours alone.
    for found in
        select c.relname as table_name
            from (values
                ('session_requests', 'expires_at'), ('notifications', 'about'), ('session_events', 'actor_id'),
                ('mentor_subjects', 'subject_id')
            ) as ours (table_name, known_by)
            join pg_class as c on c.relname = ours.table_name and c.relnamespace = 'public'::regnamespace
            where not exists (
                select from pg_attribute as a where a.attrelid = c.oid and a.attname = ours.known_by and not a.attisdropped
            )
    loop
        problems := problems || format('public.%s is another table than the one mentorkit makes: rename it first', found.table_name);
    end loop;
    if exists (select from pg_class where relname = 'mentors' and relnamespace = 'public'::regnamespace and relkind <> 'v') then
        problems := problems || 'public.mentors is not a view: rename it first'::text;
    end if;

    if problems <> '{}' then
        raise exception using
            errcode = 'feature_not_supported',
            message = 'mentorkit can not be added to this project: ' || array_to_string(problems, '; '),
            hint = 'Nothing has been changed. docs/database.md, "A project that already has data", says what can be done.';
    end if;
end
$$;
