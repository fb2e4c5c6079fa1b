"""Why the answer for one person is what it is: an account in Japanese that a clerk can read out on the phone.

The answer is the one `evaluation` gives, the sentences are `texts.toml`, the articles those of the statute's data.
"""

from workbench import schedule
from workbench.evaluation import Case, evaluate_cases
from workbench.explanation.account import account
from workbench.explanation.person import person_case
from workbench.explanation.rules import PersonRules
from workbench.explanation.unknown_birth import account_of_unknown
from workbench.explanation.words import say

__all__ = ["explain", "person_case"]


def explain(case: Case, rules: schedule.Schedule | None = None) -> str:
    """Return the account of one person, lines without a newline at the end."""
    rules = rules or schedule.load()
    if case.birth_date is None:
        lines = list(account_of_unknown(case, rules))
    else:
        [answer] = evaluate_cases([case], rules, with_grounds=True)
        lines = list(account(PersonRules(rules, case, answer)))
    if any(say("account", "unconfirmed") in line for line in lines):
        lines += ["", say("account", "unconfirmed_means")]
    return "\n".join(lines)
