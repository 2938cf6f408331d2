"""A harvest every night as an asset of Dagster, a partition a day.

With `pip install 'harvester[dagster]'` the command reports its counts through Dagster Pipes: the asset's metadata.
"""

import os

import dagster as dg

data = os.environ.get("DATA", "/data")
days = dg.DailyPartitionsDefinition(start_date="2026-01-01")


@dg.asset(partitions_def=days, retry_policy=dg.RetryPolicy(max_retries=5, delay=600))
def engagement(context: dg.AssetExecutionContext, pipes: dg.PipesSubprocessClient) -> dg.MaterializeResult:
    """A run directory on a lasting volume: a retry goes on there. Any exit code but 0 fails the step."""
    command = ["harvester", "run", f"{data}/ids.txt", "-o", f"{data}/runs/{context.partition_key}"]
    return pipes.run(command=command, context=context).get_materialize_result()


nightly = dg.define_asset_job("nightly", selection=[engagement])
defs = dg.Definitions(
    assets=[engagement],
    resources={"pipes": dg.PipesSubprocessClient()},
    schedules=[dg.build_schedule_from_partitioned_job(nightly, hour_of_day=3)],
)
