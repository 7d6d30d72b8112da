-- What is taught. Anybody may read the list; the operator writes it.

create table if not exists public.subjects (
    id uuid primary key default gen_random_uuid()
);
alter table public.subjects
    add column if not exists name text,
    add column if not exists description text,
    add column if not exists created_at timestamptz not null default now();

select private.fill_from('public.subjects', 'name', 'title', 'label');

alter table public.subjects enable row level security;
revoke insert, update, delete, truncate, references, trigger on public.subjects from public, anon, authenticated;
grant select on public.subjects to anon, authenticated;
grant select, insert, update, delete on public.subjects to service_role;

select private.add_check('public.subjects', 'subjects_name_visible', 'private.has_visible_text(name) and char_length(name) <= 120');

drop policy if exists "Anyone can read subjects" on public.subjects;
create policy "Anyone can read subjects" on public.subjects
    for select to anon, authenticated
    using (true);

-- One name, one subject. Where a project already holds a name twice, that stays and the rule is left out.
do $$
begin
    if exists (select from public.subjects group by name having count(*) > 1) then
        raise warning 'mentorkit: public.subjects has names that occur twice; they are kept, and names are not made unique';
    elsif not exists (
        select from pg_index as i
            join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
            where i.indrelid = 'public.subjects'::regclass and i.indisunique and i.indnkeyatts = 1 and a.attname = 'name'
    ) then
        alter table public.subjects add constraint subjects_name_key unique (name);
    end if;
end
$$;

insert into private.schema_parts (version, subject)
    values ('20261122100100', 'subjects')
    on conflict (version) do nothing;
