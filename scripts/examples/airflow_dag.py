"""A harvest every night, with Airflow 3: the last line that `run` prints, one of JSON, is the task's XCom.

The run directory has to be on a volume that all workers have: a retry may be another worker's, and goes on there.
"""

import json
from datetime import UTC, datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, task

with DAG(
    "engagement", schedule="17 3 * * *", start_date=datetime(2026, 1, 1, tzinfo=UTC), catchup=False
) as dag:
    harvest = BashOperator(
        task_id="harvest",
        bash_command='harvester run "$DATA/ids.txt" -o "$DATA/runs/{{ ds }}"',
        env={"DATA": "/data"},
        append_env=True,  # the credentials are HARVESTER_… of the worker
        output_processor=json.loads,
        retries=5,  # for 3, 5, 130, 143; what needs a person fails again within seconds, without a request
        retry_delay=timedelta(minutes=10),
    )

    @task
    def load(line: dict) -> str:
        """What comes next: the records are in `run_dir`, and all of them are there."""
        return f"{line['ok']:,} tweets in {line['run_dir']}"

    load(harvest.output)
