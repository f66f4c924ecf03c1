# One image for all services; compose.yaml and Procfile say what each runs.
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
# SIGTERM: the web server ends its requests, the worker its tasks, beat saves its times.
STOPSIGNAL SIGTERM
CMD ["gunicorn", "config.wsgi"]
