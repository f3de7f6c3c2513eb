# What the image sets otherwise. In its own app.yaml, not by variables: a site's file overrides it.
s|^  root: data .*|  root: /var/lib/spinemap|
s|^log_format: text .*|log_format: json|
s|^  folder: models$|  folder: /opt/holoscan/models|
