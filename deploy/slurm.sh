#!/usr/bin/env bash
# A soak over the nodes of a Slurm cluster: a job array of one task a shard, then a job that merges what they came to.
#
#   job=$(sbatch --parsable --array=1-16 deploy/slurm.sh /shared/soak-1 16 --clusters 64 --duration 12w)
#   sbatch --dependency="afterany:$job" --wrap '2pc-test merge /shared/soak-1/shard-*'
#
# The arguments are a folder that all nodes see, into how many shards the clusters are dealt, and options of
# `2pc-test soak`. The program is found by PATH, which sbatch hands on.
#
# A task that is preempted, cancelled or out of time goes on where it stopped when the same is submitted again, also of
# single shards: --array=3,7. Those that are done end at once. A task that fails has found a violation, or says why not.

#SBATCH --job-name=2pc-soak
#SBATCH --cpus-per-task=2
#SBATCH --mem-per-cpu=128M
# On another node after one that fails, with one log.
#SBATCH --requeue
#SBATCH --open-mode=append
set -euo pipefail

folder=$1 shards=$2
shift 2
exec 2pc-test soak --shard "$SLURM_ARRAY_TASK_ID/$shards" --state "$folder/shard-$SLURM_ARRAY_TASK_ID" "$@"
