-- The links in a mail that answer a request. A link belongs to one mail, works once, and ends with the request. Its signature
-- is checked by the functions; here is what makes it single-use.

create table if not exists private.answer_links (
    -- the delivery of the mail it is in
    id uuid primary key,
    request_id uuid not null references public.session_requests (id) on delete cascade,
    mentor_id uuid not null references auth.users (id) on delete cascade,
    expires_at timestamptz not null,
    used_at timestamptz,
    created_at timestamptz not null default clock_timestamp()
);
create index if not exists answer_links_request_id on private.answer_links (request_id);
create index if not exists answer_links_mentor_id on private.answer_links (mentor_id);
alter table private.answer_links enable row level security;
revoke all on private.answer_links from public, anon, authenticated, service_role;

create or replace function private.answer_link(link_id uuid) returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
    select jsonb_build_object(
        'used', l.used_at is not null,
        'expired', l.expires_at <= clock_timestamp(),
        'reader', private.reader(l.mentor_id),
        'booking', private.booking(l.request_id, null)
    )
        from private.answer_links as l
        where l.id = link_id
$$;
revoke execute on function private.answer_link(uuid) from public;
grant execute on function private.answer_link(uuid) to service_role;

-- What the page behind a link shows; null when there is no such link.
create or replace function public.answer_link(link_id uuid) returns jsonb
language sql
stable
set search_path = ''
as $$
    select private.answer_link(link_id)
$$;
revoke execute on function public.answer_link(uuid) from public, anon, authenticated;
grant execute on function public.answer_link(uuid) to service_role;

-- Spends the link. What fails afterwards in the same transaction gives it back.
create or replace function private.use_answer_link(link_id uuid) returns private.answer_links
language plpgsql
security definer
set search_path = ''
as $$
declare
    link private.answer_links;
begin
    update private.answer_links as l
        set used_at = clock_timestamp()
        where l.id = link_id and l.used_at is null and l.expires_at > clock_timestamp()
        returning l.* into link;
    if found then
        return link;
    end if;
    select * into link from private.answer_links as l where l.id = link_id;
    if not found then
        perform private.fail(404, 'link_unknown', 'There is no such link.');
    elsif link.used_at is not null then
        perform private.fail(409, 'link_used', 'This link has been used.');
    end if;
    perform private.fail(410, 'link_expired', 'This link has expired.');
    return null;
end
$$;
revoke execute on function private.use_answer_link(uuid) from public;
grant execute on function private.use_answer_link(uuid) to service_role;

-- Answers as the mentor the link was sent to: from here on every policy and trigger sees that mentor and nobody else.
create or replace function public.answer_request(link_id uuid, answer text, reason text default null) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
    link private.answer_links;
begin
    if coalesce(answer, '') not in ('approve', 'reject') then
        perform private.fail(400, 'bad_answer', 'Answer with approve or reject.');
    end if;
    link := private.use_answer_link(link_id);
    perform set_config(
        'request.jwt.claims', json_build_object('sub', link.mentor_id, 'role', 'authenticated')::text, true
    );
    perform set_config('role', 'authenticated', true);
    if answer = 'approve' then
        return to_jsonb(public.approve_request(link.request_id));
    end if;
    return to_jsonb(public.reject_request(link.request_id, coalesce(reason, '')));
end
$$;
revoke execute on function public.answer_request(uuid, text, text) from public, anon, authenticated;
grant execute on function public.answer_request(uuid, text, text) to service_role;

insert into private.schema_parts (version, subject)
    values ('20261123100400', 'answer_links')
    on conflict (version) do nothing;
