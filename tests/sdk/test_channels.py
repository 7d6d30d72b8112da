"""How users are told elsewhere: settings, calendars, webhooks, browsers, and what became of it."""

from __future__ import annotations

import base64
import dataclasses
from datetime import time
from uuid import uuid4

import httpx
import psycopg
import pytest

from mentorkit import (
    AsyncService,
    Channel,
    DeliveryStatus,
    NoticeKind,
    NoticeSettings,
)
from mentorkit.errors import Conflict, Invalid, MentorkitError, NotFound, TooMany
from tests.sdk.faces import Face
from tests.support.stack import StackEnv

P256DH = base64.urlsafe_b64encode(b"\x04" + bytes(range(64))).decode().rstrip("=")
SECRET = base64.urlsafe_b64encode(bytes(16)).decode().rstrip("=")


async def test_quiet_hours_language_and_reminders_are_kept(face: Face) -> None:
    ada = await face.person("Ada")
    settings = ada.client.notice_settings
    assert await settings.get() == NoticeSettings()
    wanted = NoticeSettings("de", time(22), time(7, 30), (60, 10))
    assert await settings.set(wanted) == wanted
    none = dataclasses.replace(wanted, quiet_from=None, quiet_until=None, reminder_minutes=())
    assert await settings.set(none) == none
    assert await settings.get() == none
    for wrong in (
        dataclasses.replace(none, locale="German"),
        dataclasses.replace(none, quiet_from=time(1)),
        dataclasses.replace(none, reminder_minutes=(1, 2, 3, 4, 5, 6)),
    ):
        with pytest.raises(Invalid):
            await settings.set(wrong)
    assert await settings.get() == none


async def test_a_kind_can_be_turned_off_and_back(face: Face) -> None:
    ada = await face.person("Ada")
    settings = ada.client.notice_settings
    off = await settings.prefer(NoticeKind.SESSION_REMINDER, channel="mail", enabled=False)
    assert (off.kind, off.channel, off.enabled) == ("session_reminder", Channel.MAIL, False)
    await settings.prefer("session_reminder", channel=Channel.MAIL, enabled=True)
    await settings.prefer("rating_open", channel="push", enabled=True)
    assert [(row.kind, row.channel, row.enabled) for row in await settings.preferences()] == [
        ("rating_open", "push", True),
        ("session_reminder", "mail", True),
    ]
    await settings.forget("session_reminder", channel="mail")
    await settings.forget("session_reminder", channel="mail")
    assert [row.kind for row in await settings.preferences()] == ["rating_open"]
    with pytest.raises(ValueError, match="pigeon"):
        await settings.prefer("rating_open", channel="pigeon", enabled=True)


async def test_a_calendar_opens_until_it_is_revoked(face: Face) -> None:
    student, mentor = await face.person("Sam"), await face.person("Maya", mentor=True)
    request = await face.request(student, mentor, title="Graphs")
    await mentor.client.requests.approve(request.id)
    made = await student.client.calendars.create()
    address = made.address(face.stack.functions_url)
    assert made.token not in repr(made)
    async with httpx.AsyncClient() as program:
        assert "SUMMARY:Graphs" in (await program.get(address)).text
        (listed,) = await student.client.calendars.list()
        assert (listed.id, listed.token) == (made.id, None)
        with pytest.raises(ValueError, match="once"):
            listed.address(face.stack.functions_url)
        assert await mentor.client.calendars.list() == []
        await mentor.client.calendars.revoke(made.id)
        assert (await program.get(address)).status_code == 200
        await student.client.calendars.revoke(made.id)
        assert (await program.get(address)).status_code == 404
    for _ in range(5):
        await student.client.calendars.create()
    with pytest.raises(TooMany) as refusal:
        await student.client.calendars.create()
    assert refusal.value.code == "too_many_feeds"


async def test_a_webhook_from_its_making_to_its_end(face: Face) -> None:
    ada = await face.person("Ada")
    webhooks = ada.client.webhooks
    made = await webhooks.create(
        url="https://example.test/hook", kinds=[NoticeKind.REQUEST_CREATED], description="CRM"
    )
    assert made.secret is not None
    assert made.secret.startswith("whsec_")
    assert made.secret not in repr(made)
    assert (made.kinds, made.enabled, made.failures) == (("request_created",), True, 0)
    assert await webhooks.list() == [dataclasses.replace(made, secret=None)]
    assert await webhooks.rotate_secret(made.id) != made.secret
    changed = await webhooks.update(made.id, kinds=[], enabled=False)
    assert (changed.kinds, changed.enabled, changed.description) == ((), False, "CRM")
    assert await webhooks.update(made.id) == await webhooks.get(made.id) == changed
    with pytest.raises(Invalid) as refusal:
        await webhooks.create(url="ftp://example.test")
    assert refusal.value.code == "bad_url"
    stranger = await face.person("Eve")
    for attempt in (
        stranger.client.webhooks.get(made.id),
        stranger.client.webhooks.update(made.id, enabled=True),
        stranger.client.webhooks.rotate_secret(made.id),
    ):
        with pytest.raises(NotFound):
            await attempt
    await stranger.client.webhooks.delete(made.id)
    await webhooks.delete(made.id)
    await webhooks.delete(made.id)
    assert await webhooks.list() == []


async def test_what_became_of_a_webhooks_calls_and_sending_one_again(face: Face) -> None:
    student, mentor = await face.person("Sam"), await face.person("Maya", mentor=True)
    webhooks = mentor.client.webhooks
    made = await webhooks.create(url="https://example.test/hook", kinds=["request_created"])
    await face.request(student, mentor)
    (delivery,) = await webhooks.deliveries(made.id)
    assert (delivery.kind, delivery.endpoint_id) == ("request_created", made.id)
    await give_up(face.stack, delivery.id)
    (dead,) = await webhooks.deliveries(made.id, status=DeliveryStatus.DEAD)
    assert (dead.id, dead.outcome, dead.response_status) == (delivery.id, "HTTP 500", 500)
    assert await webhooks.deliveries(made.id, after=dead) == []
    attempts = await webhooks.attempts(delivery.id)
    assert "HTTP 500" in [attempt.outcome for attempt in attempts]
    await webhooks.replay(delivery.id)
    await take(face.stack, delivery.id)
    with pytest.raises(Conflict) as refusal:
        await webhooks.replay(delivery.id)
    assert refusal.value.code == "delivery_under_way"
    with pytest.raises(NotFound):
        await student.client.webhooks.replay(delivery.id)
    assert await student.client.webhooks.attempts(delivery.id) == []


async def test_the_service_sees_what_was_given_up_and_revives_it(async_face: Face) -> None:
    stack = async_face.stack
    student = await async_face.person("Sam")
    mentor = await async_face.person("Maya", mentor=True)
    made = await mentor.client.webhooks.create(url="https://example.test/hook")
    await async_face.request(student, mentor)
    (delivery,) = await mentor.client.webhooks.deliveries(made.id)
    await give_up(stack, delivery.id)
    async with AsyncService(stack.supabase_url, stack.secret_key) as service:
        dead = {row.id: row for row in await service.dead_deliveries(max_items=1000)}
        assert dead[delivery.id].status is DeliveryStatus.DEAD
        assert dead[delivery.id].recipient_id == mentor.id
        await service.revive_delivery(delivery.id)
        with pytest.raises(NotFound):
            await service.revive_delivery(uuid4())
    (again,) = await mentor.client.webhooks.deliveries(made.id)
    given_up = dead[delivery.id].closed_at
    assert given_up is not None
    assert again.closed_at is None or again.closed_at > given_up


async def give_up(stack: StackEnv, delivery_id: object) -> None:
    """What the functions write when an address failed for good, long before they would."""
    async with await psycopg.AsyncConnection.connect(stack.database_url) as connection:
        await connection.execute(
            "update public.notification_deliveries set status = 'dead', claim = null, "
            "claimed_until = null, closed_at = now(), outcome = 'HTTP 500', response_status = 500 "
            "where id = %s",
            (delivery_id,),
        )
        await connection.execute(
            "insert into public.webhook_attempts (delivery_id, owner_id, response_status, outcome) "
            "select id, recipient_id, 500, 'HTTP 500' "
            "from public.notification_deliveries where id = %s",
            (delivery_id,),
        )


async def take(stack: StackEnv, delivery_id: object) -> None:
    """What a worker does that is about to send it."""
    async with await psycopg.AsyncConnection.connect(stack.database_url) as connection:
        await connection.execute(
            "update public.notification_deliveries set status = 'claimed', "
            "claim = gen_random_uuid(), claimed_until = now() + interval '1 hour', "
            "closed_at = null where id = %s",
            (delivery_id,),
        )


async def test_a_browser_is_one_persons_at_a_time(face: Face) -> None:
    ada, eve = await face.person("Ada"), await face.person("Eve")
    endpoint = f"https://push.example.test/{uuid4()}"
    keys = {"endpoint": endpoint, "p256dh": P256DH, "auth": SECRET}
    browser = await ada.client.browsers.subscribe(**keys)
    assert await ada.client.browsers.subscribe(**keys) == browser
    (listed,) = await ada.client.browsers.list()
    assert (listed.id, listed.endpoint) == (browser, endpoint)
    await eve.client.browsers.subscribe(**keys)
    assert await ada.client.browsers.list() == []
    (hers,) = await eve.client.browsers.list()
    await ada.client.browsers.unsubscribe(hers.id)
    assert len(await eve.client.browsers.list()) == 1
    await eve.client.browsers.unsubscribe(hers.id)
    assert await eve.client.browsers.list() == []
    with pytest.raises(MentorkitError) as refusal:
        await ada.client.browsers.subscribe(endpoint=endpoint, p256dh="short", auth="x")
    assert refusal.value.code == "bad_subscription"
