"""Asks workers for time slices of an account's pending work. Called by tasks and transitions."""

from interactions.dispatch import send


def request_slice(account_id: int, number: int, after: float = 0) -> None:
    """Ask a worker to run time slice `number` of the account's pending work, in `after` seconds."""
    send("demo.tasks.finish", account_id, number, dedup_key=f"finish {account_id} {number}", after=after)
