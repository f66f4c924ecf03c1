"""Measures how realistic a story is against published figures. Called by the command demo_report and the benchmarks.

Pure: no database, no clock.
"""
