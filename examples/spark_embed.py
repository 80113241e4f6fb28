"""Embeds the column `text` of Parquet files with Apache Spark, by a fleet of hotvec servers.

    python spark_embed.py INPUT OUTPUT --url http://10.0.0.1:8080 --url http://10.0.0.2:8080
"""
import argparse
import os
import sys

import hotvec_fleet
from hotvec_fleet import fingerprint_of
from pyspark.sql import SparkSession
from pyspark.sql.types import ArrayType, FloatType, StructField, StructType

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("input")
parser.add_argument("output")
parser.add_argument("--url", action="append", required=True, help="a server of the fleet; once for each")
parser.add_argument("--model", default="starter")
options = parser.parse_args()
urls, model = options.url, options.model
fingerprint = fingerprint_of(urls[0], model)


def embed(batches):
    """Runs where the rows are: one client for all batches of a partition."""
    from hotvec_fleet import Fleet

    fleet = Fleet(urls, model, fingerprint)
    for batch in batches:
        yield batch.assign(embedding=list(fleet.embed(batch["text"])))


# The Python that has the packages, where no other is set for the cluster.
os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
spark = (
    SparkSession.builder.appName("hotvec")
    # Rows in a request.
    .config("spark.sql.execution.arrow.maxRecordsPerBatch", "64")
    .getOrCreate()
)
spark.sparkContext.addPyFile(hotvec_fleet.__file__)
texts = spark.read.parquet(options.input)
schema = StructType([*texts.schema.fields, StructField("embedding", ArrayType(FloatType(), False), False)])
# A task is one request at a time: so many tasks at once that each server has two, and small enough that the last ones are short.
tasks = max(2 * len(urls), texts.rdd.getNumPartitions())
texts.repartition(4 * tasks).mapInPandas(embed, schema).write.mode("error").parquet(options.output)

written = spark.read.parquet(options.output)
numbers = len(written.first()["embedding"])
print(f"{written.count()} rows, {numbers} numbers each, fingerprint {fingerprint}")
spark.stop()
