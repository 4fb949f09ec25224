"""What is generated from one place: rules, their Kubernetes form, and dashboards."""
