"""config.yaml and the environment to one frozen Config. Nothing else reads either.

An empty value means the default, so every line may be left out, and `token: ${TELEGRAM_TOKEN}` with no such variable
is a channel that is off. Secrets never show: not in repr, not in an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from dotenv import dotenv_values
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    SecretStr,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from bot.errors import ConfigError, Problem
from bot.words import say
from bot.yaml_source import Place, Source, SourceErrors, explain, read

SQLITE = "sqlite:///"
POSTGRES = "postgresql://"
TELEGRAM_API = "https://api.telegram.org"
ZALO_OA_API = "https://openapi.zalo.me"
ZALO_OA_OAUTH = "https://oauth.zaloapp.com"
ZALO_BOT_API = "https://bot-api.zaloplatforms.com"


class _Unset(str):
    """A value that names variables without a value; the rest of it is of no use."""

    names: str

    def __new__(cls, text: str, names: str) -> _Unset:
        self = super().__new__(cls, text)
        self.names = names
        return self


class _Section(BaseModel):
    """A block of config.yaml. Field names are its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True, hide_input_in_errors=True)

    @field_validator("*", mode="before")
    @classmethod
    def _empty_is_default(cls, value: Any, info: ValidationInfo) -> Any:
        if value is not None and value != "" and not isinstance(value, _Unset):
            return value
        meant = cls.model_fields[str(info.field_name)]
        default = meant.get_default(call_default_factory=True, validated_data=info.data)
        if isinstance(value, _Unset) and (meant.is_required() or default not in ("", SecretStr(""))):
            # An installation that forgot DATABASE_URL must not quietly start on an empty store of its own.
            raise PydanticCustomError("unset_variable", "unset variable", {"names": value.names})
        return value if meant.is_required() else default


def _base_url(url: str) -> str:
    if not re.match(r"https?://[^\s/?#@]", url) or re.search(r"\s", url):
        raise PydanticCustomError("not_http", "not http")
    if url.endswith("/"):
        raise PydanticCustomError("ends_with_slash", "ends with a slash")
    return url


def _origin(url: str) -> str:
    if not re.fullmatch(r"https?://[^/?#]+", _base_url(url)):
        raise PydanticCustomError("has_path", "has a path")
    return url


def _store_url(url: str) -> str:
    if not re.match(rf"({SQLITE}|{POSTGRES}).", url):
        raise PydanticCustomError("store_url", "unknown store")
    return url


def _zalo_verifier(given: str) -> str:
    """The code alone, out of whatever the console offers for copying: a meta tag or a file's name."""
    found = re.search(r'content="([^"]*)"', given)
    code = found[1] if found else given.removeprefix("zalo_verifier").removesuffix(".html")
    if not re.fullmatch(r"[A-Za-z0-9_-]{0,128}", code):
        raise PydanticCustomError("zalo_verifier", "no verifier")
    return code


BaseUrl = Annotated[str, AfterValidator(_base_url)]


class Server(_Section):
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8080
    public_url: Annotated[str, AfterValidator(_origin)] = Field(default_factory=lambda given: _local_url(given))


def _local_url(server: Mapping[str, Any]) -> str:
    """How a browser on this machine reaches the server."""
    host = server.get("host", "")
    host = "127.0.0.1" if host in ("", "0.0.0.0", "::") else f"[{host}]" if ":" in host else host  # noqa: S104
    return f"http://{host}:{server.get('port', 8080)}"


class StoreConfig(_Section):
    url: Annotated[str, AfterValidator(_store_url)] = Field(default=f"{SQLITE}data/hocvuso.db", repr=False)

    @property
    def sqlite_path(self) -> Path | None:
        return Path(self.url.removeprefix(SQLITE)) if self.url.startswith(SQLITE) else None

    @property
    def shown(self) -> str:
        """The address without what a PostgreSQL address may hold of a password."""
        return re.sub(r"(?<=://)[^/]*@", "***@", self.url).partition("?")[0]


class ContentConfig(_Section):
    scenarios: Path = Path("scenarios")
    knowledge: Path = Path("knowledge")


class _ChannelConfig(_Section):
    needed: ClassVar[tuple[str, ...]] = ("token",)  # keys without which the channel is off

    @property
    def missing(self) -> tuple[str, ...]:
        return tuple(key for key in self.needed if not _plain(getattr(self, key)))

    @property
    def is_on(self) -> bool:
        return not self.missing


def _plain(value: str | SecretStr) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else value


class _BotConfig(_ChannelConfig):
    """A channel that either asks its platform for updates or is called by it."""

    token: SecretStr = SecretStr("")
    mode: Literal["polling", "webhook"] = "polling"
    webhook_secret: SecretStr = SecretStr("")

    @property
    def is_webhook(self) -> bool:
        return self.is_on and self.mode == "webhook"

    @model_validator(mode="after")
    def _has_secret(self) -> _BotConfig:
        if self.is_webhook and not self.webhook_secret.get_secret_value():
            raise PydanticCustomError("webhook_needs_secret", "no webhook_secret", {"at": "mode"})
        return self


def _webhook_secret(least: int) -> AfterValidator:
    """Platforms refuse other secrets, but only once they are told, long after the start."""

    def judged(secret: SecretStr) -> SecretStr:
        if secret and not re.fullmatch(rf"[A-Za-z0-9_-]{{{least},256}}", secret.get_secret_value()):
            raise PydanticCustomError("webhook_secret", "bad secret", {"least": least})
        return secret

    return AfterValidator(judged)


class TelegramConfig(_BotConfig):
    webhook_secret: Annotated[SecretStr, _webhook_secret(least=1)] = SecretStr("")
    api_base: BaseUrl = TELEGRAM_API


class ZaloBotConfig(_BotConfig):
    webhook_secret: Annotated[SecretStr, _webhook_secret(least=8)] = SecretStr("")
    api_base: BaseUrl = ZALO_BOT_API


class ZaloOaConfig(_ChannelConfig):
    """An Official Account is always called by webhook, and signs with its own key."""

    needed: ClassVar[tuple[str, ...]] = ("app_id", "app_secret", "oa_secret")

    oa_id: str = ""
    app_id: str = ""
    app_secret: SecretStr = SecretStr("")
    oa_secret: SecretStr = SecretStr("")
    refresh_token: SecretStr = SecretStr(
        ""
    )  # the first one, if not of `hocvuso zalo login`; later ones are in the store
    verifier: Annotated[str, AfterValidator(_zalo_verifier)] = ""  # the code that proves the domain is ours
    api_base: BaseUrl = ZALO_OA_API
    oauth_base: BaseUrl = ZALO_OA_OAUTH


class Channels(_Section):
    telegram: TelegramConfig = TelegramConfig()
    zalo_oa: ZaloOaConfig = ZaloOaConfig()
    zalo_bot: ZaloBotConfig = ZaloBotConfig()

    def named(self) -> dict[str, TelegramConfig | ZaloOaConfig | ZaloBotConfig]:
        return {name: getattr(self, name) for name in type(self).model_fields}


class Privacy(_Section):
    pepper: SecretStr = SecretStr("")  # empty: the program makes one and keeps it in the data folder
    retention_days: Annotated[int, Field(ge=1)] = 90


class AdminUser(_Section):
    password_hash: Annotated[SecretStr, Field(min_length=1)]
    role: Literal["admin", "editor", "viewer"]


UserName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9._-]{1,32}$")]


def _chat(value: str) -> str:
    """ "telegram:123", as the assistant itself says to whoever types "/id" to it."""
    channel, _, user_id = value.partition(":")
    if channel not in Channels.model_fields or not user_id:
        raise PydanticCustomError("admin_chat", "no chat", {"channels": ", ".join(Channels.model_fields)})
    return value


class Admin(_Section):
    users: dict[UserName, AdminUser] = {}
    chats: tuple[Annotated[str, AfterValidator(_chat)], ...] = ()  # told when a channel needs a person


class Config(_Section):
    """How this installation runs."""

    server: Server = Server()
    store: StoreConfig = StoreConfig()
    content: ContentConfig = ContentConfig()
    channels: Channels = Channels()
    privacy: Privacy = Privacy()
    admin: Admin = Admin()

    _folder: Path = PrivateAttr(default=Path())
    _unset: dict[Place, str] = PrivateAttr(default_factory=dict)

    @field_validator("channels")
    @classmethod
    def _reachable(cls, channels: Channels, info: ValidationInfo) -> Channels:
        """Platforms call only https. A server of our own in their place, as in a test, may take less."""
        real = {"telegram": TELEGRAM_API, "zalo_bot": ZALO_BOT_API}
        called = [
            name
            for name, channel in channels.named().items()
            if isinstance(channel, _BotConfig) and channel.is_webhook and channel.api_base == real[name]
        ]
        server = info.data.get("server")
        if called and server and not server.public_url.startswith("https://"):
            context = {"at": f"{called[0]}.mode", "channels": ", ".join(called)}
            raise PydanticCustomError("webhook_needs_https", "no https", context)
        return channels

    @property
    def folder(self) -> Path:
        """Where config.yaml lies."""
        return self._folder

    @property
    def data_folder(self) -> Path:
        """Where the program keeps what it makes itself."""
        database = self.store.sqlite_path
        return database.parent if database else self._folder / "data"

    def off_channels(self) -> dict[str, str]:
        """Channel -> why it is off, in a sentence for the start's log."""
        return {
            name: say("config", "off", channel=name, keys=", ".join(self._wanted(name, channel.missing)))
            for name, channel in self.channels.named().items()
            if not channel.is_on
        }

    def _wanted(self, channel: str, keys: Iterable[str]) -> Iterator[str]:
        for key in keys:
            names = self._unset.get(("channels", channel, key))
            yield say("config", "off_variable", key=key, names=names) if names else key


def load_config(path: Path, environ: Mapping[str, str]) -> Config:
    """Raises ConfigError with every problem at once. A file that is not there is an empty one."""
    problems: list[Problem] = []
    config: Config | None = None
    try:
        source = read(path) if path.exists() else Source(None, {(): 1})
        blanks = _Blanks(_variables(path.with_name(".env"), environ))
        data = blanks.fill(source.data)
        problems += [Problem(str(path), source.line(place), say("config", "bad_variable")) for place in blanks.bad]
        config = Config.model_validate(data if data is not None else {})
    except SourceErrors as error:
        problems += error.problems
    except ValidationError as error:
        problems += explain(error, source, str(path), "config", Config)
    if problems or config is None:
        raise ConfigError(tuple(sorted(problems)))
    return _settled(config, path.resolve().parent, blanks.unset)


def _settled(config: Config, folder: Path, unset: dict[Place, str]) -> Config:
    """Paths mean the same wherever the program was started from."""
    content = ContentConfig(scenarios=folder / config.content.scenarios, knowledge=folder / config.content.knowledge)
    database = config.store.sqlite_path
    store = StoreConfig(url=f"{SQLITE}{folder / database}") if database else config.store
    settled = config.model_copy(update={"content": content, "store": store})
    settled._folder, settled._unset = folder, unset
    return settled


def _variables(env_file: Path, environ: Mapping[str, str]) -> dict[str, str]:
    try:
        from_file = dotenv_values(env_file, interpolate=False, encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise SourceErrors([Problem(str(env_file), 0, say("config", "bad_env"))]) from None
    except OSError as error:
        raise SourceErrors([Problem(str(env_file), 0, say("yaml", "unreadable", reason=error.strerror))]) from error
    return {**{name: value or "" for name, value in from_file.items()}, **environ}


@dataclass
class _Blanks:
    """${NAME} in values, filled from the variables."""

    variables: Mapping[str, str]
    unset: dict[Place, str] = field(default_factory=dict)
    bad: list[Place] = field(default_factory=list)

    def fill(self, data: Any, place: Place = ()) -> Any:
        if isinstance(data, dict):
            return {key: self.fill(value, (*place, key)) for key, value in data.items()}
        if isinstance(data, list):
            return [self.fill(value, (*place, index)) for index, value in enumerate(data)]
        return self._fill_text(data, place) if isinstance(data, str) else data

    def _fill_text(self, text: str, place: Place) -> str:
        names = _BLANK.findall(text)
        # What is no name is not told: it may be the secret itself, pasted between the braces.
        good = [name for name in names if re.fullmatch(r"[A-Z_][A-Z0-9_]*", name)]
        self.bad += [place] * (len(names) - len(good))
        filled = _BLANK.sub(lambda blank: self.variables.get(blank[1], ""), text).strip()
        unset = [name for name in good if not self.variables.get(name)]
        if not unset:
            return filled
        self.unset[place] = ", ".join(unset)
        return _Unset(filled, self.unset[place])


_BLANK = re.compile(r"\$\{([^}]*)\}")
