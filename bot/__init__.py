"""Trợ lý Bình dân học vụ số: a chat assistant that walks citizens through digital services.

Read first: engine/model.py, engine/respond.py, one file of scenarios/, web/webhooks.py.
"""
