"""A file that Airflow looks at, for it mentions a DAG of airflow, and cannot import."""
raise ImportError("no module named nowhere")
