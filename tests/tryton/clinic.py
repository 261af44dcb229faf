"""Builds a clinic in an empty Tryton database: company, chart of accounts, a fiscal year, a statement journal for each
device, one patient (by number only), and users with keys for the REST API. Prints what a client needs as JSON.

    clinic.py CONFIG DATABASE
"""

import datetime
import json
import sys

from proteus import Model, Wizard, config

CONFIG, DATABASE = sys.argv[1:3]
DEVICES = ["desk1", "desk2", "cashbox"] + [f"till{n:02}" for n in range(1, 9)]
GROUPS = ["Accounting", "Accounting Administration", "Accounting Party", "Statement"]

config.set_trytond(DATABASE, config_file=CONFIG)

# The tests' tools of the modules themselves know what a module needs.
from trytond.modules.account.tests.tools import create_chart, create_fiscalyear, get_accounts  # noqa: E402
from trytond.modules.account_invoice.tests.tools import set_fiscalyear_invoice_sequences  # noqa: E402
from trytond.modules.company.tests.tools import create_company, get_company  # noqa: E402
from trytond.modules.currency.tests.tools import get_currency  # noqa: E402

modules = Model.get("ir.module").find([("name", "in", ["account_invoice", "account_statement"])])
Model.get("ir.module").click(modules, "activate")
Wizard("ir.module.activate_upgrade").execute("upgrade")
config.set_trytond(DATABASE, config_file=CONFIG)

Party = Model.get("party.party")
clinic = Party(name="Clinic")
clinic.save()
create_company(party=clinic, currency=get_currency("EUR"))
company = get_company()
create_chart()
# From the year of the payments that the conformance kit makes up.
for year in range(2026, datetime.date.today().year + 1):
    first, last = datetime.date(year, 1, 1), datetime.date(year, 12, 31)
    set_fiscalyear_invoice_sequences(create_fiscalyear(today=(first, last))).click("create_period")
accounts = get_accounts()

Account = Model.get("account.account")
transit = Account(parent=accounts["cash"].parent, name="Desks in transit")
transit.type = accounts["cash"].type
transit.reconcile = True
transit.deferral = True
transit.save()

Journal = Model.get("account.journal")
StatementJournal = Model.get("account.statement.journal")
for device in DEVICES:
    journal = Journal(name=device, code=device.upper(), type="statement")
    journal.save()
    statements = StatementJournal(name=device, journal=journal, account=transit)
    statements.validation = "number_of_lines"
    statements.save()

patient = Party(name="100001")
patient.save()
address, *_ = patient.addresses

User = Model.get("res.user")
Group = Model.get("res.group")
Application = Model.get("res.user.application")


def key(login):
    user = User(name=login, login=login)
    user.password = f"not a real password of {login}"
    user.companies.append(get_company())
    user.company = get_company()
    user.groups.extend(Group.find([("name", "in", GROUPS)]))
    user.save()
    application = Application(application="rest")
    application.user = user
    application.save()
    return application.key


revenue_journal, = Journal.find([("type", "=", "revenue")], limit=1)
print(
    json.dumps(
        {
            "database": DATABASE,
            "key": key("desks"),
            # Writes invoices; the desks do not.
            "clinic_key": key("clinic"),
            "company": company.id,
            "currency": get_currency("EUR").id,
            "party": patient.id,
            "address": address.id,
            "receivable": accounts["receivable"].id,
            "revenue": accounts["revenue"].id,
            "revenue_journal": revenue_journal.id,
        },
        indent=1,
    )
)
