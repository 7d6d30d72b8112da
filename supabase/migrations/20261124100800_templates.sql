-- A mentor's session types: a name, what it is about, how long it takes, its own buffers. A request can be made from one.

create table if not exists public.session_templates (
    id uuid primary key default gen_random_uuid(),
    mentor_id uuid not null default auth.uid() references public.profiles (id) on delete cascade,
    subject_id uuid not null references public.subjects (id),
    title text not null
        constraint session_templates_title_visible check (private.has_visible_text(title) and char_length(title) <= 200),
    description text constraint session_templates_description_bounded check (char_length(description) <= 2000),
    duration integer not null constraint session_templates_duration_offered check (duration in (30, 60, 90, 120)),
    buffer_before_minutes integer
        constraint session_templates_before_sane check (buffer_before_minutes between 0 and 1440),
    buffer_after_minutes integer
        constraint session_templates_after_sane check (buffer_after_minutes between 0 and 1440),
    is_offered boolean not null default true,
    created_at timestamptz not null default clock_timestamp(),
    updated_at timestamptz not null default clock_timestamp(),
    constraint session_templates_title_once unique (mentor_id, title)
);
create index if not exists session_templates_subject on public.session_templates (subject_id);
create or replace trigger touch
    before update on public.session_templates
    for each row execute function private.touch();

alter table public.session_templates enable row level security;
revoke all on public.session_templates from public, anon, authenticated;
grant select, delete on public.session_templates to authenticated;
grant insert (id, mentor_id, subject_id, title, description, duration, buffer_before_minutes, buffer_after_minutes, is_offered)
    on public.session_templates to authenticated;
grant update (subject_id, title, description, duration, buffer_before_minutes, buffer_after_minutes, is_offered)
    on public.session_templates to authenticated;
grant select, insert, update, delete on public.session_templates to service_role;
drop policy if exists "Members see offered templates, mentors all their own" on public.session_templates;
create policy "Members see offered templates, mentors all their own" on public.session_templates
    for select to authenticated
    using (is_offered or (select auth.uid()) = mentor_id);
drop policy if exists "Mentors add their own" on public.session_templates;
create policy "Mentors add their own" on public.session_templates
    for insert to authenticated
    with check ((select auth.uid()) = mentor_id);
drop policy if exists "Mentors change their own" on public.session_templates;
create policy "Mentors change their own" on public.session_templates
    for update to authenticated
    using ((select auth.uid()) = mentor_id)
    with check ((select auth.uid()) = mentor_id);
drop policy if exists "Mentors remove their own" on public.session_templates;
create policy "Mentors remove their own" on public.session_templates
    for delete to authenticated
    using ((select auth.uid()) = mentor_id);

-- The column is new, so there is nothing to scan.
-- squawk-ignore adding-foreign-key-constraint
alter table public.session_requests
    add column if not exists template_id uuid references public.session_templates (id) on delete set null;
create index if not exists session_requests_template on public.session_requests (template_id);
grant insert (template_id) on public.session_requests to authenticated;

-- Before the checks of a new request (its name sorts before theirs): what the template says counts.
create or replace function private.apply_template() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
    chosen public.session_templates;
    usual public.booking_terms;
begin
    select t.* into chosen from public.session_templates as t
        where t.id = new.template_id and t.mentor_id = new.mentor_id and t.is_offered;
    if not found then
        perform private.fail(404, 'not_found', 'This mentor offers no such session.');
    end if;
    new.subject_id := chosen.subject_id;
    new.duration := chosen.duration;
    new.title := coalesce(new.title, chosen.title);
    new.description := coalesce(new.description, chosen.description);
    if coalesce(chosen.buffer_before_minutes, chosen.buffer_after_minutes) is not null then
        select * into usual from private.terms_of(array[new.mentor_id]);
        insert into private.request_buffers (request_id, minutes_before, minutes_after)
            values (
                new.id,
                coalesce(chosen.buffer_before_minutes, usual.buffer_before_minutes),
                coalesce(chosen.buffer_after_minutes, usual.buffer_after_minutes)
            );
    end if;
    return new;
end
$$;
revoke execute on function private.apply_template() from public;
create or replace trigger apply_template
    before insert on public.session_requests
    for each row when (new.template_id is not null) execute function private.apply_template();

-- Requests a session of one of the mentor's types; its subject, title, duration and buffers are the type's.
create or replace function public.request_template(
    template_id uuid,
    requested_time timestamptz,
    description text default null,
    idempotency_key text default null
) returns public.session_requests
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
    caller uuid := private.require_caller();
    chosen public.session_templates;
    made public.session_requests;
begin
    if caller is null then
        perform private.fail(401, 'not_signed_in', 'A request is made by a student.');
    end if;
    perform private.lock_requests_of(caller);
    if request_template.idempotency_key is not null then
        select r.* into made from public.session_requests as r
            where r.student_id = caller and r.idempotency_key = request_template.idempotency_key;
        if found then
            return made;
        end if;
    end if;
    select t.* into chosen from public.session_templates as t where t.id = request_template.template_id;
    if not found then
        perform private.fail(404, 'not_found', 'This mentor offers no such session.');
    end if;
    insert into public.session_requests (
            student_id, mentor_id, subject_id, title, requested_time, duration, description, idempotency_key, template_id
        )
        values (
            caller, chosen.mentor_id, chosen.subject_id, chosen.title, request_template.requested_time, chosen.duration,
            request_template.description, request_template.idempotency_key, chosen.id
        )
        returning * into made;
    return made;
end
$$;
revoke execute on function public.request_template(uuid, timestamptz, text, text) from public, anon;
grant execute on function public.request_template(uuid, timestamptz, text, text) to authenticated, service_role;

insert into private.schema_parts (version, subject)
    values ('20261124100800', 'templates')
    on conflict (version) do nothing;
