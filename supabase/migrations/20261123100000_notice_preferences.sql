-- How a person wants to be told: language, quiet hours, how long before a session, and which kinds by which channel. A person
-- without rows here gets everything by mail and the two urgent kinds by push.

create table if not exists public.notification_settings (
    user_id uuid primary key default auth.uid() references auth.users (id) on delete cascade,
    locale text not null default 'en'
        constraint notification_settings_locale_named check (locale ~ '^[a-z]{2,3}(-[A-Z]{2})?$'),
    quiet_from time,
    quiet_until time,
    -- null: as the operator set it (private.settings.reminder_offsets)
    reminder_minutes integer[],
    created_at timestamptz not null default clock_timestamp(),
    updated_at timestamptz not null default clock_timestamp(),
    constraint notification_settings_quiet_from_and_until check ((quiet_from is null) = (quiet_until is null)),
    constraint notification_settings_reminders_sane check (
        reminder_minutes is null
        or (cardinality(reminder_minutes) <= 5
            and array_position(reminder_minutes, null) is null
            and 1 <= all (reminder_minutes)
            and 20160 >= all (reminder_minutes))
    )
);

create or replace trigger touch
    before update on public.notification_settings
    for each row execute function private.touch();

alter table public.notification_settings enable row level security;
revoke all on public.notification_settings from public, anon, authenticated;
grant select, delete on public.notification_settings to authenticated;
grant insert (user_id, locale, quiet_from, quiet_until, reminder_minutes),
    update (user_id, locale, quiet_from, quiet_until, reminder_minutes)
    on public.notification_settings to authenticated;
grant select, insert, update, delete on public.notification_settings to service_role;

drop policy if exists "People read their settings" on public.notification_settings;
create policy "People read their settings" on public.notification_settings
    for select to authenticated
    using (user_id = (select auth.uid()));
drop policy if exists "People make their settings" on public.notification_settings;
create policy "People make their settings" on public.notification_settings
    for insert to authenticated
    with check (user_id = (select auth.uid()));
drop policy if exists "People change their settings" on public.notification_settings;
create policy "People change their settings" on public.notification_settings
    for update to authenticated
    using (user_id = (select auth.uid()))
    with check (user_id = (select auth.uid()));
drop policy if exists "People drop their settings" on public.notification_settings;
create policy "People drop their settings" on public.notification_settings
    for delete to authenticated
    using (user_id = (select auth.uid()));

create table if not exists public.notification_preferences (
    user_id uuid not null default auth.uid() references auth.users (id) on delete cascade,
    kind text not null
        constraint notification_preferences_kind_named check (kind ~ '^[a-z]+(_[a-z]+)*$' and char_length(kind) <= 60),
    channel text not null
        constraint notification_preferences_known_channel check (channel in ('mail', 'push')),
    enabled boolean not null,
    updated_at timestamptz not null default clock_timestamp(),
    primary key (user_id, kind, channel)
);

create or replace trigger touch
    before update on public.notification_preferences
    for each row execute function private.touch();

alter table public.notification_preferences enable row level security;
revoke all on public.notification_preferences from public, anon, authenticated;
grant select, delete on public.notification_preferences to authenticated;
grant insert (user_id, kind, channel, enabled), update (user_id, kind, channel, enabled)
    on public.notification_preferences to authenticated;
grant select, insert, update, delete on public.notification_preferences to service_role;

drop policy if exists "People read their preferences" on public.notification_preferences;
create policy "People read their preferences" on public.notification_preferences
    for select to authenticated
    using (user_id = (select auth.uid()));
drop policy if exists "People make their preferences" on public.notification_preferences;
create policy "People make their preferences" on public.notification_preferences
    for insert to authenticated
    with check (user_id = (select auth.uid()));
drop policy if exists "People change their preferences" on public.notification_preferences;
create policy "People change their preferences" on public.notification_preferences
    for update to authenticated
    using (user_id = (select auth.uid()))
    with check (user_id = (select auth.uid()));
drop policy if exists "People drop their preferences" on public.notification_preferences;
create policy "People drop their preferences" on public.notification_preferences
    for delete to authenticated
    using (user_id = (select auth.uid()));

-- Whether a person wants this kind by this channel.
create or replace function private.wants(user_id uuid, kind text, channel text) returns boolean
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
    return (
        select coalesce(
            (select p.enabled from public.notification_preferences as p
                where p.user_id = wants.user_id and p.kind = wants.kind and p.channel = wants.channel),
            wants.channel = 'mail' or wants.kind in ('request_created', 'session_reminder')
        )
    );
end
$$;
revoke execute on function private.wants(uuid, text, text) from public;

-- The link in a mail that ends mails of its kind. Called for a signed link, so there is no signed-in caller.
create or replace function public.unsubscribe(user_id uuid, kind text) returns void
language sql
set search_path = ''
as $$
    insert into public.notification_preferences (user_id, kind, channel, enabled)
        select unsubscribe.user_id, unsubscribe.kind, 'mail', false
            where exists (select from public.profiles as p where p.id = unsubscribe.user_id)
        on conflict on constraint notification_preferences_pkey do update set enabled = false
$$;
revoke execute on function public.unsubscribe(uuid, text) from public, anon, authenticated;
grant execute on function public.unsubscribe(uuid, text) to service_role;

insert into private.schema_parts (version, subject)
    values ('20261123100000', 'notice_preferences')
    on conflict (version) do nothing;
