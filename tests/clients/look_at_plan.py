"""Open a plan in QGIS as a user would, print what its layers are as JSON, and draw them: run by Debian's Python.

/usr/bin/python3 look_at_plan.py PLAN PICTURE [MAGNIFICATION]
"""

import json
import os
import sys

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from qgis.core import (
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsProject,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QSize

LAYERS = ("communities", "borders", "streets", "units", "grids")
"""From the top down."""

plan, picture, magnification = sys.argv[1], sys.argv[2], float((*sys.argv, "1")[3])
application = QgsApplication([], False)
application.initQgis()
layers = [QgsVectorLayer(f"{plan}|layername={name}", name, "ogr") for name in LAYERS]
metres = QgsCoordinateReferenceSystem("EPSG:4544")
settings = QgsMapSettings()
settings.setLayers(layers)
settings.setOutputSize(QSize(1600, 1100))
settings.setDestinationCrs(metres)
extent = QgsCoordinateTransform(layers[0].crs(), metres, QgsProject.instance()).transformBoundingBox(layers[0].extent())
extent.scale(1.05 / magnification)
settings.setExtent(extent)
job = QgsMapRendererParallelJob(settings)
job.start()
job.waitForFinished()
job.renderedImage().save(picture)
told = {}
for layer in layers:
    rules = list(layer.renderer().rootRule().children())
    features = list(layer.getFeatures())
    told[layer.name()] = {
        "valid": layer.isValid(),
        "crs": layer.crs().authid(),
        "features": len(features),
        "renderer": layer.renderer().type(),
        "rules": [rule.label() for rule in rules],
        "broken_filters": [rule.label() for rule in rules if rule.filter() and rule.filter().hasParserError()],
        "labels": layer.labelsEnabled(),
        "aliases": {field.name(): field.alias() for field in layer.fields() if field.name() != "fid"},
        "opacity": layer.opacity(),
    }
told["errors"] = [str(error.message) for error in job.errors()]
sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
sys.stdout.flush()
os._exit(0)  # QGIS crashes when it is taken apart without a screen
