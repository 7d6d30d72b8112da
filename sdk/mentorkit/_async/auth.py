"""Signing up, in and out, and the session that comes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from uuid import UUID

import httpx
from pydantic import ValidationError
from supabase_auth import AsyncGoTrueClient
from supabase_auth.types import AuthResponse, Session

from mentorkit._clock import AsyncClock
from mentorkit._endpoint import Endpoint
from mentorkit._face import TokenSource, in_thread, token_from
from mentorkit._http import translated
from mentorkit._retry import Retries
from mentorkit._token import Token, claims, expiry
from mentorkit.errors import BadAnswer, NotSignedIn, Refused, Unavailable
from mentorkit.people import User
from mentorkit.storage import MemoryStorage, Storage


class AsyncAuth:
    """Who the client acts for.

    The access token is renewed when a call needs it, a minute before it expires: no timer runs,
    and a computer that slept for a week signs on again with its first call. The session is kept
    in the client's storage and taken up from there by the next client with the same storage.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        http: httpx.AsyncClient,
        storage: Storage,
        retries: Retries,
        clock: AsyncClock,
        source: str | TokenSource | None,
        changed: Callable[[], None],
    ) -> None:
        self._gotrue = AsyncGoTrueClient(
            url=f"{endpoint.url}/auth/v1",
            headers=endpoint.headers(None),
            http_client=http,
            auto_refresh_token=False,
            persist_session=False,
        )
        self._storage = storage
        self._name = f"session of {endpoint.url}"
        self._retries = retries
        self._clock = clock
        self._source = source
        self._changed = changed
        self._session: Session | None = None
        self._seen: Token | None = None
        self._loaded = False
        self._lock = asyncio.Lock()

    @property
    def user(self) -> User | None:
        """Who is signed in, as far as this client knows without asking anybody."""
        if isinstance(self._source, str):
            return _user_of_token(self._source)
        return None if self._session is None else _user_of_session(self._session)

    async def sign_up(
        self,
        *,
        email: str,
        password: str,
        name: str | None = None,
        time_zone: str | None = None,
        mentor: bool = False,
    ) -> User:
        """Make an account and sign in with it.

        Where the project wants addresses confirmed, nobody is signed in until the link in the
        mail was followed. `time_zone` is an IANA name such as "Europe/Berlin". Raises `Conflict`
        (code user_already_exists) and `Invalid` (weak_password, validation_failed).
        """
        self._own_session()
        data: dict[str, object] = {"is_mentor": mentor}
        if name is not None:
            data["name"] = name
        if time_zone is not None:
            data["time_zone"] = time_zone
        with translated(signed_in=False):
            answer = await self._gotrue.sign_up(
                {"email": email, "password": password, "options": {"data": data}}
            )
        if answer.session is not None:
            await self._keep(answer.session)
        return _user_of(answer)

    async def sign_in(self, *, email: str, password: str) -> User:
        """Sign in. Raises `WrongCredentials`; tells nobody whether the address is known."""
        self._own_session()
        with translated(signed_in=False):
            answer = await self._gotrue.sign_in_with_password(
                {"email": email, "password": password}
            )
        if answer.session is not None:
            await self._keep(answer.session)
        return _user_of(answer)

    async def sign_out(self, *, everywhere: bool = False) -> None:
        """Forget the session here, and end it at the server: this one, or all of the user's.

        Here it is forgotten even when the server cannot be reached (`Unavailable`).
        """
        self._own_session()
        session = await self._current()
        if session is None:
            return
        await self._forget()
        try:
            with translated(signed_in=True):
                await self._gotrue.admin.sign_out(
                    session.access_token, "global" if everywhere else "local"
                )
        except Refused:
            pass  # it was over already, which is what was wanted

    async def restore(self) -> User | None:
        """Take up the session that the storage holds; None when there is none that still works."""
        try:
            await self.access_token()
        except NotSignedIn:
            return None
        return self.user

    async def access_token(self) -> str:
        """An access token that is still good, for servers that ask for one, such as signaling.

        Raises `NotSignedIn` when nobody is signed in or the session has ended.
        """
        token = await self.bearer()
        if token is None:
            raise NotSignedIn("Sign in first: nobody is signed in on this client.")
        return token

    async def user_id(self) -> UUID:
        """The id of who is signed in. Raises `NotSignedIn`."""
        token = self._read(await self.access_token())
        try:
            return UUID(token.subject)
        except (TypeError, ValueError):
            raise NotSignedIn("The access token names no user.") from None

    async def bearer(self) -> str | None:
        """The access token to send with calls, renewed when it is due; None for a visitor."""
        if self._source is not None:
            return await self._from_source(self._source)
        session = await self._current()
        if session is None:
            return None
        due = self._read(session.access_token).due
        if due is not None and due <= self._clock.wall():
            return await self._renewed(session.access_token)
        return session.access_token

    async def renew(self, refused: str) -> bool:
        """Get another token in place of one that a server refused; whether that worked."""
        if self._source is not None:
            return not isinstance(self._source, str) and await token_from(self._source) != refused
        return await self._renewed(refused, force=True) != refused

    def _read(self, text: str) -> Token:
        """What a token says; the same one is asked about with every call."""
        if self._seen is None or self._seen.text != text:
            self._seen = Token.read(text)
        return self._seen

    async def _from_source(self, source: str | TokenSource) -> str:
        return source if isinstance(source, str) else await token_from(source)

    async def _renewed(self, old: str, *, force: bool = False) -> str:
        async with self._lock:  # many calls notice at once; a refresh token serves once
            session = await self._current()
            if session is None:
                raise NotSignedIn("Sign in again: the session has ended.")
            if session.access_token != old:
                return session.access_token
            try:
                return (await self._refresh(session)).access_token
            except Unavailable:
                expires = expiry(old)
                if force or (expires is not None and expires <= self._clock.wall()):
                    raise
                return old  # it still serves for the rest of its minute

    async def _refresh(self, session: Session) -> Session:
        attempt = 0
        while True:
            attempt += 1
            try:
                with translated(signed_in=True):
                    answer = await self._gotrue.refresh_session(session.refresh_token)
            except Unavailable as fault:
                delay = self._retries.delay(attempt, fault, safe=True)
                if delay is None:
                    raise
                await self._clock.sleep(delay)
            except NotSignedIn as fault:
                await self._forget()
                raise NotSignedIn(
                    f"Sign in again: the session has ended ({fault.message}).", code=fault.code
                ) from fault
            else:
                if answer.session is None:
                    raise BadAnswer("Auth refreshed the session without giving one.")
                await self._keep(answer.session, same_user=True)
                return answer.session

    async def _current(self) -> Session | None:
        if not self._loaded:
            text = await self._stored(self._storage.read, self._name)
            self._loaded = True
            if text and self._session is None:
                try:
                    self._session = Session.model_validate_json(text)
                except ValidationError:
                    await self._stored(self._storage.remove, self._name)
        return self._session

    async def _keep(self, session: Session, *, same_user: bool = False) -> None:
        self._session = session
        self._loaded = True
        await self._stored(self._storage.write, self._name, session.model_dump_json())
        if not same_user:
            self._changed()

    async def _forget(self) -> None:
        self._session = None
        self._loaded = True
        await self._stored(self._storage.remove, self._name)
        self._changed()

    async def _stored(self, step: Callable[..., str | None], *arguments: str) -> str | None:
        if isinstance(self._storage, MemoryStorage):
            return step(*arguments)
        return await in_thread(step, *arguments)

    def _own_session(self) -> None:
        if self._source is not None:
            raise NotSignedIn(
                "This client acts with an access token that was given to it; signing in and out "
                "belongs to whoever gave it."
            )


def _user_of(answer: AuthResponse) -> User:
    if answer.user is None:
        raise BadAnswer("Auth answered without a user.")
    return User(UUID(answer.user.id), answer.user.email, answer.user.user_metadata.get("name"))


def _user_of_session(session: Session) -> User:
    user = session.user
    return User(UUID(user.id), user.email, user.user_metadata.get("name"))


def _user_of_token(token: str) -> User | None:
    said = claims(token)
    try:
        who = UUID(str(said["sub"]))
    except (KeyError, ValueError):
        return None
    return User(who, said.get("email"), (said.get("user_metadata") or {}).get("name"))
