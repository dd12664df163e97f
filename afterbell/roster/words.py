"""What schools call duties, relations and texts in their lists, and which of ours it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from afterbell.roster.headings import bare
from care.records import Relation, Role, TextKind

T = TypeVar("T")


def _table(words: Mapping[T, str]) -> dict[str, T]:
    """By bare word. The first word of each is the one that a problem's sentence suggests."""
    return {bare(word): meant for meant, said in words.items() for word in said.split()}


ROLES = _table(
    {
        Role.HEAD: "领导小组组长 校长 head",
        Role.DEPUTY: "领导小组副组长 副校长 deputy",
        Role.MEMBER: "领导小组成员 member",
        Role.OFFICE: "办公室 学校办公室 教务 教务处 office",
        Role.GRADE_LEADER: "年级组长 grade_leader GradeLeader",
        Role.HOMEROOM: "班主任 homeroom HomeroomTeacher",
        Role.CARE_TEACHER: "看护教师 看护老师 课后服务教师 care_teacher",
        Role.LOGISTICS: "后勤保障 后勤 logistics",
        Role.FINANCE: "财务管理 财务 finance",
        Role.COMMITTEE: "家长委员会 家委会 committee ParentCommittee",
        Role.SUPERVISOR: "上级监管 监管 supervisor",
    }
)

RELATIONS = _table(
    {
        Relation.MOTHER: "妈妈 母亲 母 母子 母女 mother mum mom",
        Relation.FATHER: "爸爸 父亲 父 父子 父女 father dad",
        Relation.GRANDMOTHER: "奶奶 外婆 姥姥 祖母 外祖母 奶奶/外婆 grandmother",
        Relation.GRANDFATHER: "爷爷 外公 姥爷 祖父 外祖父 爷爷/外公 grandfather",
        Relation.AUNT: "姑姑 阿姨 姨妈 姑妈 舅妈 婶婶 伯母 姑姑/阿姨 aunt",
        Relation.UNCLE: "叔叔 舅舅 伯伯 伯父 姑父 姨父 叔叔/舅舅 uncle",
        Relation.SIBLING: "哥哥 姐姐 兄 姐 成年兄姐 sibling brother sister",
        Relation.NANNY: "保姆 nanny",
        Relation.GUARDIAN: "监护人 法定监护人 guardian",
        Relation.OTHER: "其他 其它 other",
    }
)

TEXTS = _table(
    {
        TextKind.SERVICE: "服务说明 服务内容 告知书 service",
        TextKind.SAFETY: "安全保障 安全 安全保障措施 safety",
        TextKind.CRITERIA: "申报条件 条件 criteria",
        TextKind.AGREEMENT: "协议书 协议 家长协议书 agreement",
    }
)

LANGUAGES = _table({"zh_CN": "中文 汉语 简体中文 zh_CN zh Chinese", "en": "英文 English 英语 en"})

YES_NO = _table({True: "是 有 上 yes y true 1", False: "否 无 不 no n false 0"})

WEEKDAYS = _table(
    {
        n: f"{n} 周{zh} 星期{zh} {en}"
        for n, (zh, en) in enumerate(zip("一二三四五", ["MON", "TUE", "WED", "THU", "FRI"], strict=True), 1)
    }
)
