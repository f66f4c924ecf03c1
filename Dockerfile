# One image for all services; Procfile and compose.yaml have their commands.
FROM python:3.11-slim
ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 DATA_DIR=/data
WORKDIR /app
COPY requirements.txt .
RUN pip install -r requirements.txt \
    && useradd --system --create-home perennial \
    && install -d -o perennial /data
COPY . .
USER perennial
VOLUME /data
EXPOSE 8000
# On SIGTERM the web server finishes its requests, the worker its tasks, and beat stores its last runs.
STOPSIGNAL SIGTERM
CMD ["gunicorn", "config.wsgi"]
