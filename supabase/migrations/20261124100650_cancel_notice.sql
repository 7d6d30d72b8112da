-- How long before a session either person may still cancel it; nothing says until it begins, and while it goes on.
alter table private.settings
    add column if not exists cancel_notice interval not null default interval '0'
        constraint settings_cancel_notice_not_negative check (cancel_notice >= interval '0');

create or replace function private.check_cancel_notice() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
    notice interval := (private.the_settings()).cancel_notice;
begin
    if auth.uid() is not null and notice > interval '0' and clock_timestamp() > old.scheduled_time - notice then
        perform private.fail(409, 'too_late_to_cancel', 'It is too late to cancel this session.');
    end if;
    return new;
end
$$;
revoke execute on function private.check_cancel_notice() from public;
create or replace trigger check_cancel_notice
    before update of status on public.sessions
    for each row when (new.status = 'cancelled' and old.status <> 'cancelled')
    execute function private.check_cancel_notice();

insert into private.schema_parts (version, subject)
    values ('20261124100650', 'cancel_notice')
    on conflict (version) do nothing;
