"""Standard: accounts, contacts and leads with Zoho CRM's standard fields; knows no database and no screen.

Lengths and picklists are Zoho's documented ones; where its pages disagree the larger length stands.
"""

from __future__ import annotations

from collections.abc import Iterator

from importers.rows import KeyRule
from syncd.modules.declare import Field, KeyKind, Module

SALUTATIONS = ("Mr.", "Mrs.", "Ms.", "Dr.", "Prof.")
RATINGS = ("Acquired", "Active", "Market Failed", "Project Cancelled", "Shut Down")
OWNERSHIPS = (
    "Other",
    "Private",
    "Public",
    "Subsidiary",
    "Partnership",
    "Government",
    "Privately Held",
    "Public Company",
)
ACCOUNT_TYPES = (
    "Analyst",
    "Competitor",
    "Customer",
    "Distributor",
    "Integrator",
    "Investor",
    "Other",
    "Partner",
    "Press",
    "Prospect",
    "Reseller",
    "Supplier",
    "Vendor",
)
INDUSTRIES = (
    "ASP (Application Service Provider)",
    "Communications",
    "Consulting",
    "Data/Telecom OEM",
    "Education",
    "ERP (Enterprise Resource Planning)",
    "Financial Services",
    "Government/Military",
    "Large Enterprise",
    "ManagementISV",
    "MSP (Management Service Provider)",
    "Network Equipment Enterprise",
    "Non-management ISV",
    "Optical Networking",
    "Service Provider",
    "Small/Medium Enterprise",
    "Storage Equipment",
    "Storage Service Provider",
    "Systems Integrator",
    "Wireless Industry",
)
LEAD_SOURCES = (
    "Advertisement",
    "Chat",
    "Cold Call",
    "Employee Referral",
    "External Referral",
    "Facebook",
    "Internal Seminar",
    "Online Store",
    "Partner",
    "Public Relations",
    "Sales Email Alias",
    "Seminar Partner",
    "Trade Show",
    "Web Cases",
    "Web Download",
    "Web Mail",
    "Web Research",
    "X (Twitter)",
)
LEAD_STATUSES = (
    "Attempted to Contact",
    "Contact in Future",
    "Contacted",
    "Converted",
    "Junk Lead",
    "Lost Lead",
    "Not Contacted",
    "Not Qualified",
    "Pre-Qualified",
)

COUNT_BOUNDS = (0, 2**31 - 1)
MONEY_BOUNDS = (-(2**63) + 1, 2**63 - 1)


def _text(name: str, length: int, *, personal: bool) -> Field:
    return Field(name, "text", personal, length)


def _address(prefix: str, parts: tuple[str, ...], *, personal: bool) -> Iterator[Field]:
    for part in parts:
        yield _text(f"{prefix}{part}", 250 if part == "street" else 100, personal=personal)


ACCOUNTS = Module(
    name="accounts",
    number=1,
    table="account",
    singular="account",
    fields=(
        _text("name", 200, personal=False),
        Field("phone", "phone", False, 50),
        Field("fax", "phone", False, 50),
        _text("website", 255, personal=False),
        Field("account_type", "picklist", False, 100, ACCOUNT_TYPES),
        Field("industry", "picklist", False, 100, INDUSTRIES),
        Field("annual_revenue", "money", False, bounds=MONEY_BOUNDS),
        Field("employees", "number", False, bounds=COUNT_BOUNDS),
        Field("ownership", "picklist", False, 100, OWNERSHIPS),
        Field("rating", "picklist", False, 100, RATINGS),
        _text("ticker_symbol", 30, personal=False),
        Field("sic_code", "number", False, bounds=COUNT_BOUNDS),
        _text("account_number", 40, personal=False),
        _text("account_site", 80, personal=False),
        Field("parent", "link", False, link="accounts"),
        _text("owner", 100, personal=False),
        *_address("billing_", ("street", "city", "state", "code", "country"), personal=False),
        *_address("shipping_", ("street", "city", "state", "code", "country"), personal=False),
        _text("description", 32_000, personal=True),
    ),
    keys=(KeyKind(KeyRule("company", ("name",))), KeyKind(KeyRule("company_spelt", ("name",)))),
    title=("name",),
    required="name",
    required_from=(),
    natural=("name", "account_site"),
)

CONTACTS = Module(
    name="contacts",
    number=2,
    table="contact",
    singular="contact",
    fields=(
        Field("salutation", "picklist", True, 30, SALUTATIONS),
        _text("first_name", 40, personal=True),
        _text("last_name", 80, personal=True),
        Field("account", "link", False, link="accounts"),
        _text("title", 100, personal=True),
        _text("department", 50, personal=True),
        Field("email", "email", True, 254),
        Field("secondary_email", "email", True, 254),
        Field("phone", "phone", True, 50),
        Field("mobile", "phone", True, 50),
        Field("home_phone", "phone", True, 50),
        Field("other_phone", "phone", True, 50),
        Field("fax", "phone", True, 50),
        Field("date_of_birth", "date", True),
        _text("assistant", 50, personal=True),
        Field("assistant_phone", "phone", True, 50),
        Field("reports_to", "text", True, 100, refers_to="contacts"),
        Field("lead_source", "picklist", False, 100, LEAD_SOURCES),
        *_address("mailing_", ("street", "city", "state", "zip", "country"), personal=True),
        *_address("other_", ("street", "city", "state", "zip", "country"), personal=True),
        _text("description", 32_000, personal=True),
        _text("owner", 100, personal=False),
        Field("email_opt_out", "flag", True),
        _text("middle_name", 40, personal=True),
        _text("suffix", 30, personal=True),
        _text("nick_name", 40, personal=True),
        Field("third_email", "email", True, 254),
        Field("phone_2", "phone", True, 50),
        Field("home_phone_2", "phone", True, 50),
        *_address("home_", ("street", "city", "state", "zip", "country"), personal=True),
        _text("website", 255, personal=True),
        _text("im", 255, personal=True),
        _text("categories", 1000, personal=True),
    ),
    keys=(
        KeyKind(KeyRule("email", ("email",))),
        KeyKind(KeyRule("email", ("secondary_email",))),
        KeyKind(KeyRule("email", ("third_email",))),
        KeyKind(KeyRule("name", ("first_name", "last_name"))),
    ),
    title=("first_name", "last_name"),
    required="last_name",
    required_from=("email", "account"),
    natural=("last_name", "first_name", "email", "account"),
)

LEADS = Module(
    name="leads",
    number=3,
    table="lead",
    singular="lead",
    fields=(
        Field("salutation", "picklist", True, 30, SALUTATIONS),
        _text("first_name", 40, personal=True),
        _text("last_name", 80, personal=True),
        _text("company", 200, personal=False),
        _text("title", 100, personal=True),
        Field("email", "email", True, 254),
        Field("secondary_email", "email", True, 254),
        Field("phone", "phone", True, 50),
        Field("mobile", "phone", True, 50),
        Field("fax", "phone", True, 50),
        _text("website", 255, personal=False),
        Field("industry", "picklist", False, 100, INDUSTRIES),
        Field("annual_revenue", "money", False, bounds=MONEY_BOUNDS),
        Field("employees", "number", False, bounds=COUNT_BOUNDS),
        Field("lead_source", "picklist", False, 100, LEAD_SOURCES),
        Field("lead_status", "picklist", False, 100, LEAD_STATUSES),
        Field("rating", "picklist", False, 100, RATINGS),
        *_address("", ("street", "city", "state", "zip", "country"), personal=True),
        _text("description", 32_000, personal=True),
        _text("owner", 100, personal=False),
        Field("email_opt_out", "flag", True),
    ),
    keys=(
        KeyKind(KeyRule("email", ("email",))),
        KeyKind(KeyRule("email", ("secondary_email",))),
        KeyKind(KeyRule("person", ("first_name", "last_name", "company"))),
    ),
    title=("first_name", "last_name"),
    required="last_name",
    required_from=("company", "email"),
    natural=("last_name", "first_name", "company", "email"),
)

MODULES = {m.name: m for m in (ACCOUNTS, CONTACTS, LEADS)}
NUMBERED = {m.number: m for m in MODULES.values()}
"""The modules by their number in the store."""


def module(name: str) -> Module:
    """The module of that name, singular allowed. Raises KeyError."""
    return MODULES.get(name) or MODULES[f"{name}s"]
