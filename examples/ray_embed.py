"""Embeds the column `text` of Parquet files with Ray Data: by a fleet of hotvec servers, or by one process in each Ray actor.

    python ray_embed.py INPUT OUTPUT --url http://10.0.0.1:8080 --url http://10.0.0.2:8080
    python ray_embed.py INPUT OUTPUT --local "npx hotvec" --actors 2
"""
import argparse

import hotvec_fleet
import pyarrow
import pyarrow.parquet
import ray
from hotvec_fleet import Fleet, LocalServer, fingerprint_of

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("input")
parser.add_argument("output")
parser.add_argument("--url", action="append", default=[], help="a server of the fleet; once for each")
parser.add_argument("--local", help="the command of hotvec, for a process in each actor")
parser.add_argument("--actors", type=int, default=1)
parser.add_argument("--cpus", type=float, default=1, help="that Ray sets aside for each actor; reading and writing need some, too")
parser.add_argument("--model", default="starter")
parser.add_argument("--model-folder", default="", help="with --local: MODEL of the processes, if it is not the starter")
options = parser.parse_args()
if bool(options.url) == bool(options.local):
    parser.error("either --url or --local")


def with_vectors(batch, vectors):
    numbers = pyarrow.array(vectors.reshape(-1))
    column = pyarrow.FixedSizeListArray.from_arrays(numbers, vectors.shape[1])
    return batch.append_column("embedding", column)


class ByFleet:
    """An actor that asks the servers of a fleet, as many calls at a time as threads share it."""

    def __init__(self, urls, model, fingerprint):
        self.fleet = Fleet(urls, model, fingerprint)

    def __call__(self, batch):
        return with_vectors(batch, self.fleet.embed(batch["text"].to_pylist()))


class ByOwnProcess:
    """An actor with a hotvec of its own, which it starts again if that ends."""

    def __init__(self, command, folder, model, fingerprint):
        self.start = lambda: LocalServer(command, folder)
        self.model, self.fingerprint = model, fingerprint
        self.server = self.start()

    def __call__(self, batch):
        texts = batch["text"].to_pylist()
        for _ in range(3):
            try:
                fleet = Fleet([self.server.url], self.model, self.fingerprint, patience=5)
                return with_vectors(batch, fleet.embed(texts))
            except TimeoutError:
                self.server.stop()
                self.server = self.start()
        raise RuntimeError("hotvec ended three times with the same texts.")


# Actors on other machines get the module with the code, not by its path.
ray.cloudpickle.register_pickle_by_value(hotvec_fleet)
ray.init(log_to_driver=False)
if options.url:
    fingerprint = fingerprint_of(options.url[0], options.model)
    # Two requests for each server: the second waits there while the first is computed.
    calls = 2 * len(options.url)
    pool = ray.data.ActorPoolStrategy(
        size=options.actors,
        max_concurrent_calls_per_actor=calls,
        max_tasks_in_flight_per_actor=2 * calls,
        enable_true_multi_threading=True,
    )
    embedder, arguments, cpus = ByFleet, (options.url, options.model, fingerprint), 0.1
else:
    first = LocalServer(options.local, options.model_folder)
    fingerprint = fingerprint_of(first.url, options.model)
    first.stop()
    pool = ray.data.ActorPoolStrategy(size=options.actors)
    arguments = (options.local, options.model_folder, options.model, fingerprint)
    embedder, cpus = ByOwnProcess, options.cpus

# A block is a call of an actor: small enough that all of its threads have one, and the last ones are short.
texts = ray.data.read_parquet(options.input).repartition(target_num_rows_per_block=256)
texts.map_batches(
    embedder,
    fn_constructor_args=arguments,
    batch_size=64,
    batch_format="pyarrow",
    compute=pool,
    num_cpus=cpus,
).write_parquet(options.output, min_rows_per_file=100_000)

written = pyarrow.parquet.read_table(options.output, columns=["embedding"])
print(f"{written.num_rows} rows, {written.schema.field('embedding').type.list_size} numbers each, fingerprint {fingerprint}")
