-- Who sees and changes profiles: a visitor sees mentors; a member sees mentors, himself and the people he has a request
-- or session with. What a person may say about himself is granted by column; ratings and counts are the database's.

alter table public.profiles enable row level security;

-- A project may have had columns of its own here. Rights on the whole table go; what signed-in people could do with
-- those columns they still can, column by column.
do $$
declare
    ours constant text[] := array[
        'id', 'name', 'bio', 'is_mentor', 'rating', 'rating_count', 'total_sessions_taught', 'time_zone', 'created_at', 'updated_at'
    ];
    kept record;
    wanted text[];
begin
    select array_agg(format('grant %s (%I) on public.profiles to authenticated', may.privilege, a.attname))
        into wanted
        from pg_attribute as a
        cross join (values ('select'), ('insert'), ('update')) as may (privilege)
        where a.attrelid = 'public.profiles'::regclass
            and a.attnum > 0
            and not a.attisdropped
            and a.attname <> all (ours)
            and has_column_privilege('authenticated', 'public.profiles', a.attname, may.privilege);

    revoke all on public.profiles from public, anon, authenticated;
    for kept in select unnest(wanted) as right_again loop
        execute kept.right_again;
    end loop;
    for kept in
        select attname from pg_attribute
            where attrelid = 'public.profiles'::regclass
                and attnum > 0
                and not attisdropped
                and attname <> all (ours)
                and attname ~* '(mail|phone|mobile|address|birth)'
                and has_column_privilege('authenticated', 'public.profiles', attname, 'select')
    loop
        raise warning 'mentorkit: profiles.% looks private; signed-in people who see the row can still read it', kept.attname;
    end loop;
end
$$;

grant select (id, name, bio, is_mentor, rating, rating_count, total_sessions_taught, time_zone, created_at, updated_at)
    on public.profiles to anon, authenticated;
grant update (name, bio, is_mentor, time_zone) on public.profiles to authenticated;
grant select, insert, update, delete on public.profiles to service_role;

drop policy if exists "Visitors see mentors" on public.profiles;
create policy "Visitors see mentors" on public.profiles
    for select to anon
    using (is_mentor);
drop policy if exists "Members see mentors and people they meet" on public.profiles;
create policy "Members see mentors and people they meet" on public.profiles
    for select to authenticated
    using (
        is_mentor
        or id = (select auth.uid())
        or exists (
            select from public.session_requests as r
                where (r.student_id = profiles.id and r.mentor_id = (select auth.uid()))
                    or (r.mentor_id = profiles.id and r.student_id = (select auth.uid()))
        )
        or exists (
            select from public.sessions as s
                where (s.student_id = profiles.id and s.mentor_id = (select auth.uid()))
                    or (s.mentor_id = profiles.id and s.student_id = (select auth.uid()))
        )
    );
drop policy if exists "Members update themselves" on public.profiles;
create policy "Members update themselves" on public.profiles
    for update to authenticated
    using (id = (select auth.uid()))
    with check (id = (select auth.uid()));

insert into private.schema_parts (version, subject)
    values ('20261122100600', 'profile_access')
    on conflict (version) do nothing;
