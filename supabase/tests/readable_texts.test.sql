-- A person can read why, on every path: nothing invisible passes for a reason, a title or a name.
begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select no_plan();

-- What a statement does for a person: how many rows it touched, or the code of what refused it. Undone afterwards.
create function pg_temp.attempt(who uuid, statement text) returns text
language plpgsql
as $$
declare
    touched bigint;
begin
    perform set_config('request.jwt.claims', case when who is null then '{"role": "service_role"}'
        else jsonb_build_object('sub', who, 'role', 'authenticated')::text end, true);
    begin
        execute format('set local role %I', case when who is null then 'service_role' else 'authenticated' end);
        execute statement;
        get diagnostics touched = row_count;
        raise exception using errcode = 'UNDO1', message = touched::text;
    exception
        when sqlstate 'UNDO1' then
            return sqlerrm;
        when sqlstate 'PGRST' then
            return sqlerrm::jsonb ->> 'code';
        when others then
            return sqlstate;
    end;
end
$$;

create temporary table person (name text primary key, id uuid);
insert into person values
    ('student', '00000000-0000-4000-8000-00000000000a'),
    ('mentor', '00000000-0000-4000-8000-00000000000b'),
    ('stranger', '00000000-0000-4000-8000-00000000000c'),
    ('service', null);
insert into auth.users (id, email, raw_user_meta_data)
    select id, name || '@example.test', jsonb_build_object('name', initcap(name), 'is_mentor', name = 'mentor')
        from person where id is not null;
insert into public.subjects (id, name) values ('00000000-0000-4000-8000-0000000000aa', 'States');

insert into public.session_requests (student_id, mentor_id, subject_id, title, requested_time, duration)
    select '00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-00000000000b',
            '00000000-0000-4000-8000-0000000000aa', title, date_trunc('day', now()) + days * interval '1 day', 60
        from (values ('asked', 2), ('agreed', 3)) as made (title, days);
update public.session_requests set status = 'approved' where title = 'agreed';

create temporary table nothing_to_read (name text, content text);
insert into nothing_to_read values
    ('null', null), ('empty', ''), ('a blank', ' '), ('blanks', '    '), ('a tab', e'\t'), ('a line', e'\n\r\n');
insert into nothing_to_read
    select 'U+' || to_hex(code), chr(code)
        from unnest(array[
            1, 8, 27, 31, 127, 133, 159, 160, 173, 847, 1564, 4447, 4448, 5760, 6068, 6069, 6155, 6158, 8192, 8193, 8194, 8195, 8196,
            8197, 8198, 8199, 8200, 8201, 8202, 8203, 8204, 8205, 8206, 8207, 8232, 8233, 8234, 8238, 8239, 8287, 8288, 8289, 8292,
            8294, 8297, 8298, 8303, 10240, 12288, 12644, 65024, 65039, 65279, 65440, 65529, 113824, 119155, 917505, 917536, 917999
        ]) as code;
insert into nothing_to_read
    select 'a mixture', string_agg(content, '') from nothing_to_read where content is not null;

create temporary table readable (content text);
insert into readable values ('no'), ('.'), (' ja '), ('不'), ('नहीं'), ('لا'), (e'\U0001F642'), (e'\u200bx\u200b'), (e'\u0301'), ('0');

select ok(not private.has_visible_text(content), name || ' says nothing') from nothing_to_read;
select ok(private.has_visible_text(content), quote_literal(content) || ' says something') from readable;

-- Every path to a rejection: the table, the function, and the constraint behind both.
select is(pg_temp.attempt('00000000-0000-4000-8000-00000000000b',
        format('update public.session_requests set status = ''rejected'', rejection_reason = %L where title = ''asked''', content)),
        'reason_required', 'rejecting with ' || name) from nothing_to_read;
select is(pg_temp.attempt('00000000-0000-4000-8000-00000000000b',
        format('select public.reject_request((select id from public.session_requests where title = ''asked''), %L)', content)),
        'reason_required', 'reject_request with ' || name) from nothing_to_read;
select is(pg_temp.attempt(null,
        format('update public.session_requests set status = ''rejected'', rejection_reason = %L where title = ''asked''', content)),
        'reason_required', 'the service rejecting with ' || name) from nothing_to_read;
select is(pg_temp.attempt('00000000-0000-4000-8000-00000000000b',
        format('update public.session_requests set status = ''rejected'', rejection_reason = %L where title = ''asked''', content)),
        '1', 'rejecting with ' || quote_literal(content)) from readable;
select is(pg_temp.attempt('00000000-0000-4000-8000-00000000000b',
        format('update public.session_requests set status = ''rejected'', rejection_reason = %L where title = ''asked''', repeat('x', long))),
        expected, format('a reason of %s characters', long)) from (values (1000, '1'), (1001, 'text_too_long')) as sizes (long, expected);
select is(pg_temp.attempt('00000000-0000-4000-8000-00000000000b',
        format('update public.sessions set status = ''cancelled'', cancel_reason = %L', content)),
        'reason_required', 'cancelling with ' || name) from nothing_to_read;
select is(pg_temp.attempt('00000000-0000-4000-8000-00000000000a',
        format('select public.cancel_session((select id from public.sessions), %L)', content)),
        'reason_required', 'cancel_session with ' || name) from nothing_to_read;
select is(pg_temp.attempt('00000000-0000-4000-8000-00000000000a',
        format('insert into public.session_requests (mentor_id, subject_id, title, requested_time, duration)
            values (''00000000-0000-4000-8000-00000000000b'', ''00000000-0000-4000-8000-0000000000aa'', %L, date_trunc(''day'', now()) + interval ''9 days'', 30)', content)),
        'title_required', 'a title of ' || name) from nothing_to_read;
select is(pg_temp.attempt('00000000-0000-4000-8000-00000000000a', format('update public.profiles set name = %L where id = ''00000000-0000-4000-8000-00000000000a''', content)),
        'name_required', 'a name of ' || name) from nothing_to_read;

-- Without any trigger the constraints still refuse.
alter table public.session_requests disable trigger user;
select throws_ok(
        format('update public.session_requests set status = ''rejected'', rejection_code = ''mentor'', responded_at = now(), rejection_reason = %L where title = ''asked''', content),
        '23514', null, 'the constraint refuses ' || name) from nothing_to_read;
select throws_ok(
        format('update public.session_requests set title = %L where title = ''asked''', content),
        case when content is null then '23502' else '23514' end, null, 'the constraint on titles refuses ' || name) from nothing_to_read;

select * from finish();
rollback;
