"""Photos of contacts: metadata, bytes and the sizes that contacts do not have; knows an image by its first bytes."""

from __future__ import annotations

import hashlib
from typing import Any

from syncd.simulator.call import Call
from syncd.simulator.wire import Answer, GraphError

LARGEST = 4 * 1024 * 1024
_KINDS = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG", "image/png"), (b"GIF8", "image/gif"))


def describe(call: Call) -> Answer:
    photo = _photo(call)
    data: dict[str, Any] = {
        "@odata.mediaContentType": _kind(photo),
        "@odata.mediaEtag": f'"{_mark(photo)}"',
        "id": "240X240",
        "width": 240,
        "height": 240,
    }
    return call.entity(data, f"users('{call.mailbox.guid}')/contacts('{call.args[-1]}')/photo")


def read(call: Call) -> Answer:
    photo = _photo(call)
    return Answer(200, photo, {"ETag": f'"{_mark(photo)}"'}, _kind(photo))


def write(call: Call) -> Answer:
    """`PUT` or `PATCH …/photo/$value`: a new version of the contact as well."""
    item, body = call.item(call.args[-1]), call.request.body
    if not body or len(body) >= LARGEST:
        raise GraphError(413 if body else 400, "ErrorInvalidImage", "The photo must be an image of less than 4 MB.")
    item.photo = body
    call.mailbox.touch(item)
    return Answer(200, None, content_type="")


def remove(call: Call) -> Answer:
    _photo(call)
    item = call.item(call.args[-1])
    item.photo = None
    call.mailbox.touch(item)
    return Answer(204)


def sized(call: Call) -> Answer:
    """`…/photos/48x48/$value` exists for users only."""
    raise GraphError(400, "BadRequest", "Unsupported segment type. ODataQuery: contacts/photos")


def _photo(call: Call) -> bytes:
    photo = call.item(call.args[-1]).photo
    if photo is None:
        raise GraphError(
            404, "ImageNotFound", "Exception of type 'Microsoft.Fast.Profile.Core.Exception.ImageNotFound'."
        )
    return photo


def _kind(photo: bytes) -> str:
    return next((kind for start, kind in _KINDS if photo.startswith(start)), "image/jpeg")


def _mark(photo: bytes) -> str:
    return hashlib.sha256(photo).hexdigest()[:32].upper()
