# docker build -t hocvuso . && docker run -p 8080:8080 -v hocvuso-data:/app/data --env-file .env hocvuso
# To keep what is edited in /admin, give the guides a volume too: -v hocvuso-scenarios:/app/scenarios

FROM python:3.11-slim AS build
RUN python -m venv /venv
ENV PATH=/venv/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
# The libraries first: they change less often than the program, so that this layer is kept.
COPY requirements.lock ./
RUN pip install --require-virtualenv --requirement requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY bot bot
RUN pip install --require-virtualenv --no-deps --no-build-isolation .

FROM python:3.11-slim
RUN useradd --uid 10001 --create-home hocvuso && install -d -o hocvuso -g hocvuso /app /app/data
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
# Owned by the service, since editors publish guides from /admin.
COPY --chown=hocvuso:hocvuso config.yaml ./
COPY --chown=hocvuso:hocvuso scenarios scenarios
COPY --chown=hocvuso:hocvuso knowledge knowledge
# Inside a container 127.0.0.1 can be reached by nobody.
RUN sed -i 's/host: 127\.0\.0\.1/host: 0.0.0.0/' config.yaml
USER hocvuso
VOLUME /app/data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]
CMD ["hocvuso", "run"]
