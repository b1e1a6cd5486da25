"""Validates a small table with Great Expectations (1.x or 0.18) into OUT/gx: validate.py OUT"""
import os
import sys

import great_expectations as gx
import pandas as pd

out = sys.argv[1]
os.makedirs(out, exist_ok=True)
orders = pd.DataFrame({"id": [1, 2, 3, 4], "customer": ["ana", "ben", None, "ana"], "amount": [10, 20, 30, -1]})


def validate_1x():
    import great_expectations.expectations as gxe

    context = gx.get_context(mode="file", project_root_dir=out)
    asset = context.data_sources.add_pandas("shop").add_dataframe_asset("orders")
    batch = asset.add_batch_definition_whole_dataframe("all")
    suite = context.suites.add(gx.ExpectationSuite(name="orders.quality"))
    suite.add_expectation(gxe.ExpectColumnValuesToBeUnique(column="id"))
    suite.add_expectation(gxe.ExpectColumnValuesToNotBeNull(column="customer", severity="warning"))
    suite.add_expectation(gxe.ExpectTableRowCountToBeBetween(min_value=5, max_value=10))
    suite.add_expectation(gxe.ExpectColumnMinToBeBetween(column="no_such_column", min_value=0))
    definition = context.validation_definitions.add(gx.ValidationDefinition(name="orders", data=batch, suite=suite))
    checkpoint = context.checkpoints.add(gx.Checkpoint(name="daily", validation_definitions=[definition]))
    checkpoint.run(batch_parameters={"dataframe": orders})


def validate_018():
    context = gx.get_context(project_root_dir=out)
    asset = context.sources.add_pandas("shop").add_dataframe_asset("orders")
    request = asset.build_batch_request(dataframe=orders)
    context.add_or_update_expectation_suite("orders.quality")
    validator = context.get_validator(batch_request=request, expectation_suite_name="orders.quality")
    validator.expect_column_values_to_be_unique("id")
    validator.expect_column_values_to_not_be_null("customer")
    validator.expect_table_row_count_to_be_between(5, 10)
    validator.save_expectation_suite(discard_failed_expectations=False)
    validations = [{"batch_request": request, "expectation_suite_name": "orders.quality"}]
    context.add_or_update_checkpoint(name="daily", validations=validations).run()


validate_018() if gx.__version__.startswith("0.") else validate_1x()
