"""Make 子虚县, a made-up county of 81 communities, for the demo, the tests and the benches.

Nothing here exists: the county is drawn on a plan in metres, bent so that nothing is ruler-straight, and laid down near
105.3°E 30.4°N under a county number (999902) that was never given out. The same seed writes the same content.

    python -m gis_data.make_county [FOLDER]
"""
